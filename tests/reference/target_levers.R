# Levels of the target's definitions and effects of levers on small.csv, with standard errors from R survey.
# Rscript target_levers.R small.csv target_levers.json
# Every estimate is an expression in totals of the full stacked design: svytotal of all the pieces, then svycontrast. Dimensions: skills = .3 access + .7 capability,
# missing if either is, weight .6; usage, weight .4. Scores in percent of the file's 400 points.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript target_levers.R small.csv OUT.json")
options(survey.lonely.psu="fail", survey.adjust.domain.lonely=FALSE)
x <- read.csv(a[1], stringsAsFactors=FALSE); for (k in c("access", "capability", "usage")) x[[k]] <- x[[k]]/4
x$skills <- .3*x$access + .7*x$capability; G <- x$sample == "general"
dims <- c(skills=.6, usage=.4); of <- c(access="skills", capability="skills", usage="usage"); omega <- c(access=.3, capability=.7, usage=1)
pops <- list(ref=G, farmers=!G, rural=G & x$area == "R", old=G & x$age >= 65, young=G & x$age < 40)
pops$old_out <- pops$old & x$region != 1; pops$farmers_out <- pops$farmers & x$region != 1
for (u in c("R", "U")) { pops[[paste0("old_", u)]] <- pops$old & x$area == u; pops[[paste0("farmers_", u)]] <- pops$farmers & x$area == u }
for (r in 1:4) pops[[paste0("rural_", r)]] <- pops$rural & x$region == r
v <- list(); for (p in names(pops)) { v[[paste0("M_", p)]] <- as.numeric(pops[[p]])
  for (d in names(dims)) { ok <- !is.na(x[[d]]); v[[paste0("W_", d, "_", p)]] <- pops[[p]]*ok; v[[paste0("Y_", d, "_", p)]] <- pops[[p]]*ifelse(ok, x[[d]], 0) }
  for (i in names(of)) { ok <- !is.na(x[[of[[i]]]]); v[[paste0("X_", i, "_", p)]] <- pops[[p]]*ifelse(ok, x[[i]], 0) } }
d0 <- svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=cbind(x, as.data.frame(v)), nest=TRUE)
totals <- svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), d0)
est <- function(text) { s <- svycontrast(totals, parse(text=text)[[1]]); list(estimate=as.numeric(coef(s)), se=as.numeric(SE(s))) }
df_of <- function(keep) { e <- d0; e$variables$.keep <- keep; as.integer(degf(subset(e, .keep))) }
any_score <- !is.na(x$skills) | !is.na(x$usage)

m <- function(d, p) sprintf("(Y_%s_%s/W_%s_%s)", d, p, d, p)
xm <- function(i, p) sprintf("(X_%s_%s/W_%s_%s)", i, p, of[[i]], p)
# A level with rises of the group's mean and of the reference's, each an expression by dimension ("0" for none)
level <- function(p, up=c(skills="0", usage="0"), up0=c(skills="0", usage="0"), formula="weighted_ratios", only=names(dims)) {
  own <- sprintf("(%s+%s)", sapply(only, m, p), up[only]); ref <- sprintf("(%s+%s)", sapply(only, m, "ref"), up0[only]); w <- if (length(only) == 1) 1 else dims[only]
  if (formula == "weighted_ratios") paste(sprintf("%g*100*%s/%s", w, own, ref), collapse="+")
  else sprintf("100*(%s)/(%s)", paste(sprintf("%g*%s", w, own), collapse="+"), paste(sprintf("%g*%s", w, ref), collapse="+")) }
effect <- function(p, up, up0, ...) est(sprintf("(%s)-(%s)", level(p, up, up0, ...), level(p, ...)))
none <- c(skills="0", usage="0"); put <- function(d, text) { z <- none; z[[d]] <- text; z }
share <- function(d, p) sprintf("(W_%s_%s/W_%s_ref)", d, p, d)

R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="target_levers.R", data=basename(a[1])))
avg <- function(who, size, ...) sprintf("(%s)/(%s)", paste(sprintf("%s*(%s)", size, sapply(who, function(p) level(p, ...))), collapse="+"), paste(size, collapse="+"))
whom <- c(farmers="farmers", rural="rural", old_outside="old_out", young="young")
R$levels <- c(lapply(whom, function(p) list(overall=est(level(p)), usage=est(level(p, only="usage")), composites=est(level(p, formula="ratio_of_composites")), df=min(df_of(pops[[p]] & any_score), df_of(G & any_score)))),
  list(vulnerable_outside=list(overall=est(avg(c("farmers_out", "old_out"), c("M_farmers_out", "M_old_out"))), usage=est(avg(c("farmers_out", "old_out"), c("M_farmers_out", "M_old_out"), only="usage")),
      df=min(df_of(pops$farmers_out & any_score), df_of(pops$old_out & any_score))),
    given=list(overall=est(avg(c("farmers", "old"), c("1500000", "9000000"))), usage=est(avg(c("farmers", "old"), c("1500000", "9000000"), only="usage")))))
R$difference_farmers_minus_rural <- est(sprintf("(%s)-(%s)", level("farmers"), level("rural")))
certain <- function(l) list(probability=pt((l$overall$estimate - 99)/l$overall$se, l$df), certain_level=99 + qt(.975, l$df)*l$overall$se)
R$verdicts <- lapply(R$levels[names(whom)], certain)
s_rural <- sum(x$weight[pops$rural & any_score])/sum(x$weight[G & any_score]); R$rural <- list(share=s_rural, others=100*.99*(1 - s_rural)/(1 - s_rural*.99))

# Indicators raised to the reference, to a number, to a multiple
to <- list(reference=function(i, p) xm(i, "ref"), number=function(i, p) "24", times=function(i, p) sprintf("1.05*%s", xm(i, p)))
lever <- function(p, i, how, inside, ...) { d <- of[[i]]; r <- sprintf("%g*(%s-%s)", omega[[i]], to[[how]](i, p), xm(i, p))
  list(recomputed=effect(p, put(d, r), put(d, if (inside) sprintf("%s*%s", share(d, p), r) else "0"), ...), held=effect(p, put(d, r), none, ...)) }
named <- function(z) setNames(z, z)
block <- function(p, inside, ...) lapply(named(names(to)), function(how) lapply(named(names(of)), function(i) lever(p, i, how, inside, ...)))
R$indicators <- list(farmers=block("farmers", FALSE), rural=block("rural", TRUE), rural_composites=block("rural", TRUE, formula="ratio_of_composites"))
R$indicators_usage <- list(rural=lever("rural", "usage", "number", TRUE, only="usage"))

# Parts of a group, raised to the mean of the others, or to a number
part <- function(p, s, inside, how, d) { mine <- sprintf("(W_%s_%s/W_%s_%s)", d, s, d, p); other <- sprintf("((Y_%s_%s-Y_%s_%s)/(W_%s_%s-W_%s_%s))", d, p, d, s, d, p, d, s)
  r <- sprintf("(%s-%s)", if (how == "others") other else "24", m(d, s)); list(own=sprintf("%s*%s", mine, r), ref=if (inside) sprintf("%s*%s", share(d, s), r) else "0") }
parts <- function(p, s, inside, how) { e <- lapply(named(names(dims)), function(d) part(p, s, inside, how, d)); all <- function(which) sapply(e, "[[", which)
  c(lapply(named(names(dims)), function(d) list(recomputed=effect(p, put(d, e[[d]]$own), put(d, e[[d]]$ref)), held=effect(p, put(d, e[[d]]$own), none))),
    list(overall=list(recomputed=effect(p, all("own"), all("ref")), held=effect(p, all("own"), none)))) }
R$parts <- list(old_R_others=parts("old", "old_R", TRUE, "others"), old_R_number=parts("old", "old_R", TRUE, "number"), farmers_U_number=parts("farmers", "farmers_U", FALSE, "number"),
  rural_2_number=parts("rural", "rural_2", TRUE, "number"))
R$present <- lapply(named(c("old_R", "old_U", "farmers_U", "rural_2", "rural", "farmers", "ref", "old")), function(p) lapply(named(names(dims)), function(d) est(m(d, p))$estimate))

# An indicator of an average with estimated totals: everybody of either group rises by the same, those who are part of the reference raise it
who <- c("farmers", "old"); S <- "(M_farmers+M_old)"; mean_of <- function(i) sprintf("((M_farmers*%s+M_old*%s)/%s)", xm(i, "farmers"), xm(i, "old"), S)
average <- function(i) { d <- of[[i]]; r <- sprintf("%g*(%s-%s)", omega[[i]], xm(i, "ref"), mean_of(i)); u <- put(d, r); u0 <- put(d, sprintf("%s*%s", share(d, "old"), r))
  one <- function(up, up0) est(sprintf("(%s)-(%s)", avg(who, c("M_farmers", "M_old"), up, up0), avg(who, c("M_farmers", "M_old")))); list(recomputed=one(u, u0), held=one(u, none)) }
R$average <- lapply(named(names(of)), average)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE), a[2])
