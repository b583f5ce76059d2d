# Levels of three years' people taken together, with Taylor standard errors from R survey.  Rscript pooled.R small.csv pooled.csv pooled.json
# pooled.csv is made here: three years of small.csv with other scores and weights. In each stratum of four PSUs or more the one with the smallest
# number is replaced from year to year by a new one; the others stay. Ages are single years until 2024, and codes 1, 2, 3 of age_band in 2025.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 3) stop("usage: Rscript pooled.R small.csv pooled.csv OUT.json")
options(survey.lonely.psu="fail", survey.adjust.domain.lonely=FALSE)
set.seed(20251204, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
small <- read.csv(a[1], stringsAsFactors=FALSE); dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4); years <- 2023:2025
sizes <- tapply(small$psu, interaction(small$sample, small$stratum), max)
one_year <- function(t) { x <- small; n <- nrow(x); k <- t - 2023; x$year <- t
  rotates <- x$psu == 1 & sizes[as.character(interaction(x$sample, x$stratum))] >= 4; x$psu[rotates & k > 0] <- 90 + k
  x$weight <- round(x$weight*exp(rnorm(n, .02*k, .15)), 2)
  behind <- (x$area == "R") + (x$sample == "farmers")
  for (d in dims) x[[d]] <- round(pmin(100, pmax(0, x[[d]] + k*(1 + behind) + rnorm(n, 0, 6*(k > 0)))), 3)
  if (k > 0) { x <- x[-sample(n, 25),]; x[sample(nrow(x), 9), sample(dims, 1)] <- NA }       # not quite as many people, other blanks
  x$age_band <- ifelse(x$age <= 29, 1, ifelse(x$age <= 64, 2, 3)); x }
x <- do.call(rbind, lapply(years, one_year)); x$old <- x$age >= 65; n <- nrow(x)
f3 <- function(v) ifelse(is.na(v), "", sprintf("%.3f", v)); only <- function(v, s) ifelse(s, as.character(v), "")
out <- with(x, data.frame(year, id, sample, stratum, psu, weight=sprintf("%.2f", weight), region, area, farm, age=only(age, year < 2025), age_band=only(age_band, year == 2025),
  access=f3(access), capability=f3(capability), usage=f3(usage)))
write.table(out, a[2], sep=",", row.names=FALSE, quote=FALSE, eol="\n", fileEncoding="UTF-8")

named <- function(v) setNames(v, v); measures <- c(dims, "weighted_ratios", "ratio_of_composites")
x$weight <- x$weight/length(years); G <- x$sample == "general"
g <- list(rural=G & x$area == "R", urban=G & x$area == "U", farm=G & x$farm == 1, farmers=!G, old=G & x$old)
for (r in 1:4) g[[paste0("region", r)]] <- G & x$region == r
for (r in 1:3) for (u in c("R", "U")) g[[paste0("region", r, "_", u)]] <- G & x$region == r & x$area == u
v <- list()
for (k in dims) { ok <- !is.na(x[[k]]); y <- ifelse(ok, x[[k]], 0); v[[paste0("Y_", k)]] <- G*y; v[[paste0("N_", k)]] <- as.numeric(G & ok)
  for (i in names(g)) { v[[paste0("DY_", k, "_", i)]] <- g[[i]]*y; v[[paste0("D_", k, "_", i)]] <- as.numeric(g[[i]] & ok) } }
for (i in names(g)) v[[paste0("M_", i)]] <- as.numeric(g[[i]])
z <- cbind(x, as.data.frame(v)); pieces <- as.formula(paste("~", paste(names(v), collapse="+")))

ratio <- function(k, i) sprintf("(DY_%s_%s/D_%s_%s)", k, i, k, i)
refer <- function(k) sprintf("(Y_%s/N_%s)", k, k)
level_of <- function(m, i) {
  if (m %in% dims) sprintf("100*%s/%s", ratio(m, i), refer(m))
  else if (m == "weighted_ratios") paste(sprintf("100*%.1f*%s/%s", om, ratio(dims, i), refer(dims)), collapse="+")
  else sprintf("100*(%s)/(%s)", paste(sprintf("%.1f*%s", om, ratio(dims, i)), collapse="+"), paste(sprintf("%.1f*%s", om, refer(dims)), collapse="+")) }
who <- c("farmers", "rural", "old", "farm"); given <- c(farmers=1500000, rural=2500000, old=9000000, farm=800000)
average_of <- function(m) sprintf("(%s)/%.17g", paste(sprintf("%.17g*(%s)", given, sapply(who, function(j) level_of(m, j))), collapse="+"), sum(given))
contrast <- function(totals, text) { e <- parse(text=text)[[1]]; n <- all.vars(e)
  s <- svycontrast(structure(coef(totals)[n], var=as.matrix(vcov(totals))[n, n, drop=FALSE], statistic="total", class="svystat"), e); list(level=as.numeric(coef(s)), se=as.numeric(SE(s))) }
# Design effect of a level of the farmers: over the variance of a simple random sample of all years' people of each sample
deff <- function(d, k) { e <- d$variables; w <- e$weight; y <- ifelse(is.na(e[[k]]), 0, e[[k]]); ok <- !is.na(e[[k]]); K <- g$farmers & ok; G0 <- G & ok
  m <- sum((w*y)[K])/sum(w[K]); m0 <- sum((w*y)[G0])/sum(w[G0]); u <- 100*(K*(y - m)/(sum(w[K])*m0) - m*G0*(y - m0)/(m0^2*sum(w[G0])))
  srs <- sum(sapply(split(seq_along(w), e$sample), function(r) sum(w[r])/(length(r) - 1)*sum(w[r]*u[r]^2))); as.numeric(vcov(svytotal(u, d)))/srs }
block <- function(d) { totals <- svytotal(pieces, d); has <- rowSums(!is.na(x[dims])) > 0
  df <- function(keep) { e <- d; e$variables$.keep <- keep; as.integer(degf(subset(e, .keep))) }
  list(strata=length(unique(d$strata[, 1])), psus=length(unique(d$cluster[, 1])), design_df=as.integer(degf(d)),
    cells=lapply(named(names(g)), function(i) c(lapply(named(measures), function(m) contrast(totals, level_of(m, i))),
      list(n=sum(g[[i]] & has), members=as.numeric(coef(totals)[paste0("M_", i)]), df=min(df(g[[i]] & has), df(G & has)),
        mean_usage={q <- contrast(totals, ratio("usage", i)); list(mean=q$level, se=q$se)}))),
    average=lapply(named(measures), function(m) contrast(totals, average_of(m))), deff_farmers=lapply(named(dims), function(k) deff(d, k))) }
independent <- svydesign(ids=~psu, strata=~interaction(year, sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE)
shared <- svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE)
people <- svydesign(ids=~id, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE)
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="pooled.R", data=basename(a[1]), n=n,
  reference="general sample of all years", unit="reference = 100", weights="divided by three", given=as.list(given)))
R$independent <- block(independent); R$shared_psus <- block(shared); R$panel <- block(people)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[3])
