# Levels of three years whose items differ, chain-linked, with Taylor standard errors from R survey.  Rscript linked.R small.csv linked.csv linked.json
# linked.csv is made here: three years of small.csv with scores of single items. In 2024 the item a2 (access) is replaced by a3, in 2025 u3 (usage) by u4;
# what was not asked is blank in all rows of the year. The first PSU of the strata with four or more is another one each year.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 3) stop("usage: Rscript linked.R small.csv linked.csv OUT.json")
options(survey.lonely.psu="fail", survey.adjust.domain.lonely=FALSE)
set.seed(20251205, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
small <- read.csv(a[1], stringsAsFactors=FALSE); dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4); years <- 2023:2025
sizes <- tapply(small$psu, interaction(small$sample, small$stratum), max)
items <- list(access=c("a1", "a2", "a3"), capability=c("c1", "c2"), usage=c("u1", "u2", "u3", "u4", "v1"))
asked <- list("2023"=c("a1", "a2", "c1", "c2", "u1", "u2", "u3", "v1"), "2024"=c("a1", "a3", "c1", "c2", "u1", "u2", "u3", "v1"), "2025"=c("a1", "a3", "c1", "c2", "u1", "u2", "u4", "v1"))
shift <- c(a1=0, a2=-4, a3=-18, c1=3, c2=-2, u1=1, u2=-4, u3=6, u4=-15, v1=0)                    # the new items are harder
one_year <- function(t) { x <- small; n <- nrow(x); k <- t - 2023; x$year <- t
  rotates <- x$psu == 1 & sizes[as.character(interaction(x$sample, x$stratum))] >= 4; x$psu[rotates & k > 0] <- 90 + k
  x$weight <- round(x$weight*exp(rnorm(n, .02*k, .15)), 2); behind <- (x$area == "R") + (x$sample == "farmers")
  for (d in dims) for (i in items[[d]]) { y <- x[[d]] + shift[[i]] + k*(1 + behind) + rnorm(n, 0, 8)
    x[[i]] <- if (i %in% asked[[as.character(t)]]) round(pmin(100, pmax(0, y)), 2) else NA; x[[i]][sample(n, 8)] <- NA }
  x }
x <- do.call(rbind, lapply(years, one_year)); n <- nrow(x); all_items <- unlist(items)
f2 <- function(v) ifelse(is.na(v), "", sprintf("%.2f", v))
out <- with(x, data.frame(year, id, sample, stratum, psu, weight=sprintf("%.2f", weight), region, area, farm, age)); for (i in all_items) out[[i]] <- f2(x[[i]])
write.table(out, a[2], sep=",", row.names=FALSE, quote=FALSE, eol="\n", fileEncoding="UTF-8")

# Persons' scores of a dimension on 0-1: means of the items answered, capability by weights, usage of services (.6) and v1 (.4)
mean_of <- function(s) { y <- as.matrix(x[s]); m <- rowMeans(y, na.rm=TRUE); m[is.nan(m)] <- NA; m/100 }
score_of <- list(access=function(s) mean_of(intersect(s, items$access)),
  capability=function(s) (.7*x$c1 + .3*x$c2)/100,
  usage=function(s) .6*mean_of(intersect(s, c("u1", "u2", "u3", "u4"))) + .4*x$v1/100)
common <- function(t) intersect(asked[[as.character(t)]], asked[[as.character(t + 1)]])
sets <- list(); for (t in years) sets[[paste0("own_", t)]] <- list(year=t, items=asked[[as.character(t)]])
for (t in 2023:2024) for (s in 0:1) sets[[paste0("c", t, "_", t + s)]] <- list(year=t + s, items=common(t))     # items of t and t + 1, in either year

named <- function(v) setNames(v, v); measures <- c(dims, "overall"); G <- x$sample == "general"
g <- list(rural=G & x$area == "R", farm=G & x$farm == 1, farmers=!G, old=G & x$age >= 65, region1=G & x$region == 1, region2=G & x$region == 2, region3=G & x$region == 3)
v <- list()
for (s in names(sets)) for (k in dims) { y <- score_of[[k]](sets[[s]]$items); ok <- !is.na(y) & x$year == sets[[s]]$year; y <- ifelse(ok, y, 0); p <- paste0(k, "_", s)
  v[[paste0("Y_", p)]] <- G*y; v[[paste0("N_", p)]] <- as.numeric(G & ok)
  for (i in names(g)) { v[[paste0("DY_", p, "_", i)]] <- g[[i]]*y; v[[paste0("D_", p, "_", i)]] <- as.numeric(g[[i]] & ok) } }
z <- cbind(x, as.data.frame(v)); pieces <- as.formula(paste("~", paste(names(v), collapse="+")))
level <- function(k, s, i) sprintf("(100*(DY_%s_%s_%s/D_%s_%s_%s)/(Y_%s_%s/N_%s_%s))", k, s, i, k, s, i, k, s, k, s)
who <- c("farmers", "rural", "old", "farm"); given <- c(farmers=1500000, rural=2500000, old=9000000, farm=800000)
of <- function(k, s, i) if (i == "average") sprintf("((%s)/%.17g)", paste(sprintf("%.17g*%s", given, sapply(who, function(j) level(k, s, j))), collapse="+"), sum(given)) else level(k, s, i)
# L*_2025 = L_2025, L*_t = L*_(t+1) Lc_t / Lc_(t+1), written out
linked <- function(k, t, i) if (t == 2025) of(k, "own_2025", i) else sprintf("(%s*%s/%s)", linked(k, t + 1, i), of(k, sprintf("c%d_%d", t, t), i), of(k, sprintf("c%d_%d", t, t + 1), i))
direct <- function(k, t, i) of(k, paste0("own_", t), i)
overall <- function(f, t, i) paste(sprintf("%.1f*%s", om, sapply(dims, f, t, i)), collapse="+")
expression_of <- function(f, k, t, i) if (k == "overall") overall(f, t, i) else f(k, t, i)
contrast <- function(totals, text) { e <- parse(text=text)[[1]]; n <- all.vars(e)
  s <- svycontrast(structure(coef(totals)[n], var=as.matrix(vcov(totals))[n, n, drop=FALSE], statistic="total", class="svystat"), e); list(level=as.numeric(coef(s)), se=as.numeric(SE(s))) }
block <- function(d) { totals <- svytotal(pieces, d); cells <- c(names(g), "average")
  lapply(named(cells), function(i) lapply(named(measures), function(k) list(
    linked=lapply(named(as.character(years)), function(t) contrast(totals, expression_of(linked, k, as.integer(t), i))),
    direct=lapply(named(as.character(years)), function(t) contrast(totals, expression_of(direct, k, as.integer(t), i))),
    change=contrast(totals, sprintf("(%s)-(%s)", expression_of(linked, k, 2025, i), expression_of(linked, k, 2023, i)))))) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="linked.R", data=basename(a[1]), n=n,
  reference="general sample of each year", unit="reference = 100", given=as.list(given)))
R$independent <- block(svydesign(ids=~psu, strata=~interaction(year, sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE))
R$shared_psus <- block(svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[3])
