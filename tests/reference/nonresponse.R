# Weights of the general sample of small.csv adjusted for nonresponse, by R survey and base R.
# Rscript nonresponse.R small.csv nonresponse.json
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript nonresponse.R small.csv OUT.json")
x <- read.csv(a[1], stringsAsFactors=FALSE); x <- x[x$sample == "general",]; n <- nrow(x)
# who responded: told by the row, more rarely in the country and in the last region
x$r <- (sin(seq_len(n)*7.13) + .5*(x$area == "U") - .3*(x$region == 4) > -.35)*1
des <- svydesign(ids=~psu, strata=~stratum, weights=~weight, data=x, nest=TRUE)
fit <- svyglm(r ~ area + factor(region), design=des, family=quasibinomial(), control=glm.control(epsilon=1e-14, maxit=100))
p <- as.numeric(fitted(fit))
class <- as.integer(cut(p, breaks=unique(quantile(p, probs=seq(0, 1, .2))), include.lowest=TRUE))
raised <- function(g) { g <- as.character(g); all <- tapply(x$weight, g, sum); did <- tapply(x$weight*x$r, g, sum); as.numeric(x$weight*x$r*(all/did)[g]) }
inverse <- x$weight*x$r/p
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="nonresponse.R", data=basename(a[1]),
    classes="cut at the unweighted quintiles of the fit, as PracTools::pclass"),
  responded=x$r, propensity=p, class=class, by_class=raised(paste(x$area, x$region)), by_propensity=raised(class), by_inverse=inverse*sum(x$weight)/sum(inverse))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE), a[2])
