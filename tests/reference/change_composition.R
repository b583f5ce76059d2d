# Changes of groups' distances from the general sample by composition and returns, on change.csv.  Rscript change_composition.R change.csv OUT.json
# Each year: slopes by lm.wfit with an effect of every area (held against svyglm), times differences of weighted means. Taylor errors by an influence written
# down here: of slopes from X'WX with the areas' dummies in it, of the parts by central differences of the formula. Jackknife errors by withReplicates on the
# stacked design, one PSU deleted at a time: these know of no influence.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript change_composition.R change.csv OUT.json")
options(survey.lonely.psu="fail"); x <- read.csv(a[1], stringsAsFactors=FALSE); named <- function(v) setNames(v, v)
dims <- c("access", "capability", "usage"); om <- c(.2, .4, .4); Y <- as.matrix(x[dims]); G <- x$sample == "general"; ends <- c(2023, 2025)
x$ages <- cut(x$age, c(-Inf, 39, 64, Inf), labels=c("young", "middle", "old")); x$sex <- factor(x$sex); x$education <- factor(x$education); x$area <- factor(x$area)
factors <- c(sex="sex", age="ages", education="education", income="income"); known <- rowSums(is.na(Y)) == 0 & complete.cases(x[factors])
groups <- list(rural=list(G & x$area == "R", names(factors)), older=list(G & x$age >= 65, setdiff(names(factors), "age")), farmers=list(!G, names(factors)))
cases <- function(g) g[[1]] & ifelse(G, known, rowSums(is.na(Y)) == 0 & complete.cases(x[factors[g[[2]]]]))
columns <- function(f) { m <- model.matrix(reformulate(factors[f]), model.frame(reformulate(factors[f]), x, na.action=na.pass)); list(X=m[, -1, drop=FALSE], block=f[attr(m, "assign")[-1]]) }
mean_of <- function(w, v, who) colSums(w[who]*v[who, , drop=FALSE])/sum(w[who])
# The five things of a year that every part is made of: means of the columns and scores, of group and reference, and slopes
pieces <- function(w, g, t) { D <- columns(g[[2]])$X; who <- cases(g) & x$year == t; R0 <- G & known & x$year == t
  b <- as.matrix(coef(lm.wfit(cbind(model.matrix(~area, x[R0,]), D[R0,]), Y[R0,], w[R0])))[-(1:2), , drop=FALSE]
  list(xg=mean_of(w, D, who), xr=mean_of(w, D, R0), yg=mean_of(w, Y, who), yr=mean_of(w, Y, R0), b=b) }
# Parts of the change, by factor (rows) and dimension
parts <- function(p, q, formula, block) { scale <- function(z) if (formula == "weighted_ratios") 100*om/z$yr else 100*om/sum(om*z$yr)
  d0 <- p$xg - p$xr; d1 <- q$xg - q$xr; b0 <- t(t(p$b)*scale(p)); b1 <- t(t(q$b)*scale(q)); rest <- function(z, d, b) (z$yg - z$yr)*scale(z) - colSums(d*b)
  C <- rowsum((d1 - d0)*(b0 + b1)/2, block, reorder=FALSE); S <- rowsum((d0 + d1)/2*(b1 - b0), block, reorder=FALSE); u <- rest(q, d1, b1) - rest(p, d0, b0)
  m <- rbind(colSums(C) + colSums(S) + u, colSums(C), C, colSums(S), S, u); n <- unique(block); rownames(m) <- c("change/total", "composition/total", paste0("composition/", n), "returns/total", paste0("returns/", n), "unexplained/total"); cbind(m, rowSums(m)) }
flat <- function(p) unlist(p); back <- function(v, p) relist(v, p)
# Influence of the pieces of a year, one column for each, zero in other years
influence <- function(w, g, t) { D <- columns(g[[2]])$X; who <- cases(g) & x$year == t; R0 <- G & known & x$year == t; n <- nrow(x); p <- pieces(w, g, t)
  dev <- function(v, m, s) { z <- matrix(0, n, ncol(v)); z[s,] <- t(t(v[s, , drop=FALSE]) - m)/sum(w[s]); z }
  M <- cbind(model.matrix(~area, x[R0,]), D[R0, , drop=FALSE]); A <- solve(crossprod(M, w[R0]*M)); e <- Y[R0,] - M %*% (A %*% crossprod(M, w[R0]*Y[R0,]))
  zb <- lapply(1:3, function(d) { z <- matrix(0, n, ncol(D)); z[R0,] <- ((M*e[, d]) %*% A)[, -(1:2), drop=FALSE]; z })
  cbind(dev(D, p$xg, who), dev(D, p$xr, R0), dev(Y, p$yg, who), dev(Y, p$yr, R0), do.call(cbind, zb)) }
one <- function(full, i, formula) { g <- groups[[i]]; block <- columns(g[[2]])$block; w <- weights(full); p <- pieces(w, g, ends[1]); q <- pieces(w, g, ends[2]); v <- c(flat(p), flat(q)); k <- length(flat(p))
  f <- function(v) as.vector(parts(back(v[1:k], p), back(v[k + 1:k], q), formula, block)); J <- sapply(seq_along(v), function(j) { h <- 1e-4*max(1, abs(v[j])); s <- function(e) { u <- v; u[j] <- u[j] + e; f(u) }
    (8*(s(h) - s(-h)) - (s(2*h) - s(-2*h)))/(12*h) })
  z <- cbind(influence(w, g, ends[1]), influence(w, g, ends[2])) %*% t(J); d <- full; colnames(z) <- paste0("z", seq_len(ncol(z))); d$variables <- cbind(d$variables, z); V <- vcov(svytotal(reformulate(colnames(z)), d)); m <- parts(p, q, formula, block)
  out <- list(m=m, se=matrix(sqrt(diag(V)), nrow(m)))
  d <- full; e <- function(t) { d$variables$.in <- cases(g) & x$year == t; degf(subset(d, .in)) }; r <- function(t) { d$variables$.in <- G & known & x$year == t; degf(subset(d, .in)) }
  out$df <- min(sapply(ends, e), sapply(ends, r)); out }
shape <- function(o, jk=NULL) c(list(df=o$df), lapply(named(rownames(o$m)), function(r) lapply(setNames(1:4, c(dims, "overall")), function(d) c(list(points=o$m[r, d], se=o$se[match(r, rownames(o$m)), d]), if (!is.null(jk)) list(jackknife=jk[match(r, rownames(o$m)), d])))))
designs <- list(independent=svydesign(ids=~psu, strata=~interaction(year, sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE),
  shared_psus=svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE))
# Slopes are those of svyglm, and so are the standard errors of their influence
for (k in 1:3) { d <- designs$independent; d$variables$.r <- G & known & x$year == 2023; fit <- svyglm(reformulate(c("area", factors), dims[k]), subset(d, .r)); w <- weights(d); p <- pieces(w, groups$farmers, 2023)
  stopifnot(max(abs(coef(fit)[-(1:2)] - p$b[, k])) < 1e-9); z <- influence(w, groups$farmers, 2023); K <- ncol(columns(names(factors))$X); z <- z[, 2*K + 6 + (k - 1)*K + 1:K]; colnames(z) <- paste0("z", 1:K)
  d$variables <- cbind(d$variables, z); stopifnot(max(abs(SE(svytotal(reformulate(colnames(z)), d))/SE(fit)[-(1:2)] - 1)) < 1e-8) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="change_composition.R", data=basename(a[1]), n=nrow(x), years=ends, reference="general sample, complete cases of all factors", cells="area", unit="points of the overall level"))
for (k in names(designs)) R[[k]] <- lapply(named(c("weighted_ratios", "ratio_of_composites")), function(f) lapply(named(names(groups)), function(i) { jk <- NULL
  if (f == "weighted_ratios" && i != "older") { r <- as.svrepdesign(designs[[k]], type="JKn", mse=TRUE); g <- groups[[i]]; block <- columns(g[[2]])$block
    s <- withReplicates(r, function(w, d) as.vector(parts(pieces(w, g, ends[1]), pieces(w, g, ends[2]), f, block))); jk <- matrix(SE(s), ncol=4) }
  shape(one(designs[[k]], i, f), jk) }))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE, na="null"), a[2])
