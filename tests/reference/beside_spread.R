# Variance of the score in index points between and within the regions of small.csv, with delta-method standard errors by R survey.
# Rscript beside_spread.R small.csv beside_spread.json
# Complete cases of the general sample, an indicator on the full stacked design. Every estimate is an expression in totals: N_r, Y_rd, and Q_de = sum w y_d y_e.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript beside_spread.R small.csv OUT.json")
options(survey.lonely.psu="fail")
x <- read.csv(a[1], stringsAsFactors=FALSE); dims <- c("access", "capability", "usage"); om <- c(.2, .4, .4); D <- 3
keep <- complete.cases(x[dims]) & x$sample == "general"; y <- as.matrix(x[dims]); y[!keep,] <- 0
partitions <- list(region=x$region, region_area=4*(x$area == "R") + x$region)
quoted <- function(s) parse(text=s)[[1]]
block <- function(cell) { k <- sort(unique(cell[keep])); v <- list()
  for (r in k) { v[[paste0("N", r)]] <- keep*(cell == r); for (d in 1:D) v[[paste0("Y", r, "_", d)]] <- keep*(cell == r)*y[, d] }
  for (d in 1:D) for (e in d:D) v[[paste0("Q", d, e)]] <- y[, d]*y[, e]
  s <- svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=cbind(x, as.data.frame(v)), nest=TRUE)
  t <- svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), s)
  N <- paste0("(", paste0("N", k, collapse="+"), ")"); m <- sapply(1:D, function(d) paste0("((", paste0("Y", k, "_", d, collapse="+"), ")/", N, ")"))
  formulas <- list(weighted_ratios=sprintf("(100*%.1f/%s)", om, m), ratio_of_composites=sprintf("(100*%.1f/(%s))", om, paste(sprintf("%.1f*%s", om, m), collapse="+")))
  lapply(formulas, function(p) {
    level <- sapply(k, function(r) paste0("(", paste(sprintf("%s*Y%d_%d/N%d", p, r, 1:D, r), collapse="+"), ")"))
    between <- paste0("(", paste(sprintf("(N%d/%s)*(%s-100)^2", k, N, level), collapse="+"), ")")
    total <- paste0("(", paste(sapply(1:D, function(d) sapply(1:D, function(e) sprintf("%s*%s*(Q%d%d/%s-%s*%s)", p[d], p[e], min(d, e), max(d, e), N, m[d], m[e]))), collapse="+"), ")")
    e <- c(between=between, within=sprintf("%s-%s", total, between), total=total, share=sprintf("%s/%s", between, total), setNames(level, paste0("level", seq_along(k))))
    c1 <- svycontrast(t, lapply(e, quoted)); V <- as.matrix(vcov(c1))
    # the same points by hand
    w <- x$weight*keep; pt <- if (grepl("0.2\\*", p[1])) 100*om/sum(om*colSums(w*y)/sum(w)) else 100*om/(colSums(w*y)/sum(w)); z <- as.numeric(y %*% pt)
    mu <- tapply(w*z, cell, sum)/tapply(w, cell, sum); stopifnot(abs(sum(w*(z - 100)^2)/sum(w)/coef(c1)["total"] - 1) < 1e-10,
      abs(sum(w*(mu[as.character(cell)] - 100)^2, na.rm=TRUE)/sum(w)/coef(c1)["between"] - 1) < 1e-10)
    share <- as.numeric(tapply(w, cell, sum)[as.character(k)]/sum(w)); n <- 4 + seq_along(k)
    list(names=names(e), estimate=as.numeric(coef(c1)), se=sqrt(diag(V)), vcov=unname(V), region_shares=share, corrected_between=as.numeric(coef(c1)["between"] - sum(share*diag(V)[n]))) }) }
R <- c(list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="beside_spread.R",
  data=basename(a[1]), n=sum(keep), dimension_weights=om, cells="region: 1 to 4; region_area: 4*(area is R) + region")), lapply(partitions, block))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE), a[2])
