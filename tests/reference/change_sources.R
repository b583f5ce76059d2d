# What changes of levels are made of, on change.csv: the group's own scores and the reference's, with Taylor standard errors from R survey.
# Rscript change_sources.R change.csv OUT.json
# Every part is the mean of two counterfactual differences, written as such: own = the group's means changed while the reference's stay, in either order.
# An expression in totals of the stacked file, each year an indicator; svycontrast derives it symbolically.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript change_sources.R change.csv OUT.json")
options(survey.lonely.psu="fail"); x <- read.csv(a[1], stringsAsFactors=FALSE); named <- function(v) setNames(v, v)
dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4); G <- x$sample == "general"
g <- c(list(rural=G & x$area == "R", older=G & x$age >= 65, farmers=!G), setNames(lapply(1:8, function(r) G & x$region == r), paste0("region", 1:8)))
v <- list(); for (t in c(2023, 2024, 2025)) for (k in dims) { ok <- x$year == t & !is.na(x[[k]]); y <- ifelse(ok, x[[k]], 0)
  v[[sprintf("Y_%s_%d", k, t)]] <- G*y; v[[sprintf("N_%s_%d", k, t)]] <- as.numeric(G & ok)
  for (i in names(g)) { v[[sprintf("DY_%s_%s_%d", k, i, t)]] <- g[[i]]*y; v[[sprintf("D_%s_%s_%d", k, i, t)]] <- as.numeric(g[[i]] & ok) } }
z <- cbind(x, as.data.frame(v)); pieces <- as.formula(paste("~", paste(names(v), collapse="+")))
m <- function(k, i, t) sprintf("(DY_%s_%s_%d/D_%s_%s_%d)", k, i, t, k, i, t); M <- function(k, t) sprintf("(Y_%s_%d/N_%s_%d)", k, t, k, t)
# The level with the group's means of dimension k as in year s and the reference's as in year u
points <- function(formula, k, i, s, u) if (formula == "weighted_ratios") sprintf("100*%.1f*%s/%s", om[k], m(k, i, s), M(k, u)) else sprintf("100*%.1f*%s/(%s)", om[k], m(k, i, s), paste(sprintf("%.1f*%s", om, M(dims, u)), collapse="+"))
own <- function(formula, k, i, s, u) sprintf("((%s)-(%s)+(%s)-(%s))/2", points(formula, k, i, u, s), points(formula, k, i, s, s), points(formula, k, i, u, u), points(formula, k, i, s, u))
# The reference's part of a dimension: of its own ratio, or its share w (M1 - M0)/(C1 - C0) of what the composite's rise does
ref <- function(formula, k, i, s, u) { change <- function(k) sprintf("((%s)-(%s)+(%s)-(%s))/2", points(formula, k, i, s, u), points(formula, k, i, s, s), points(formula, k, i, u, u), points(formula, k, i, u, s))
  if (formula == "weighted_ratios") return(change(k)); whole <- paste(sprintf("%s", sapply(dims, change)), collapse="+")
  C <- function(t) paste(sprintf("%.1f*%s", om, M(dims, t)), collapse="+"); sprintf("(%s)*%.1f*(%s-%s)/((%s)-(%s))", whole, om[k], M(k, u), M(k, s), C(u), C(s)) }
contrast <- function(totals, text) { e <- parse(text=text)[[1]]; n <- all.vars(e)
  s <- svycontrast(structure(coef(totals)[n], var=as.matrix(vcov(totals))[n, n, drop=FALSE], statistic="total", class="svystat"), e); list(points=as.numeric(coef(s)), se=as.numeric(SE(s))) }
spans <- list("2023-2025"=c(2023, 2025), "2024-2025"=c(2024, 2025))
block <- function(d, which) { totals <- svytotal(pieces, d); freedom <- function(i, t) { e <- d; e$variables$.in <- g[[i]] & e$variables$year == t; degf(subset(e, .in)) }
  lapply(spans[which], function(s) lapply(named(names(g)), function(i) c(list(df=min(sapply(s, function(t) freedom(i, t)))), lapply(named(c("weighted_ratios", "ratio_of_composites")), function(f) {
    text <- lapply(named(dims), function(k) list(own=own(f, k, i, s[1], s[2]), reference=ref(f, k, i, s[1], s[2])))
    text <- lapply(text, function(p) c(p, list(total=sprintf("(%s)+(%s)", p$own, p$reference))))
    text$overall <- lapply(named(c("own", "reference", "total")), function(p) paste(sprintf("(%s)", sapply(dims, function(k) text[[k]][[p]])), collapse="+"))
    lapply(text, function(p) lapply(p, function(e) contrast(totals, e))) })))) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="change_sources.R", data=basename(a[1]), n=nrow(x), reference="general sample of each year", unit="points of the overall level"))
R$independent <- block(svydesign(ids=~psu, strata=~interaction(year, sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE), 1)
R$shared_psus <- block(svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE), 1:2)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE, na="null"), a[2])
