# Sigma and beta convergence of the eight regions of change.csv, corrected for sampling error, with R survey.  Rscript change_convergence.R change.csv OUT.json
# Levels and their joint covariance by svytotal and svycontrast; slopes by lm, corrected by the moments that vcov gives; standard errors by svycontrast of
# the moments, written out as expressions in the levels, and by deleting one region at a time.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript change_convergence.R change.csv OUT.json")
options(survey.lonely.psu="fail"); x <- read.csv(a[1], stringsAsFactors=FALSE); named <- function(v) setNames(v, v)
dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4); G <- x$sample == "general"; years <- 2023:2025; K <- 8
v <- list(); for (t in years) for (k in dims) { ok <- x$year == t & !is.na(x[[k]]); y <- ifelse(ok, x[[k]], 0)
  v[[sprintf("Y_%s_%d", k, t)]] <- G*y; v[[sprintf("N_%s_%d", k, t)]] <- as.numeric(G & ok)
  for (r in 1:K) { v[[sprintf("DY_%s_%d_%d", k, r, t)]] <- (G & x$region == r)*y; v[[sprintf("D_%s_%d_%d", k, r, t)]] <- as.numeric(G & x$region == r & ok) } }
z <- cbind(x, as.data.frame(v)); pieces <- as.formula(paste("~", paste(names(v), collapse="+")))
one <- function(k, r, t) sprintf("100*(DY_%s_%d_%d/D_%s_%d_%d)/(Y_%s_%d/N_%s_%d)", k, r, t, k, r, t, k, t, k, t)
level <- function(k, r, t) if (k == "overall") paste(sprintf("%.1f*%s", om, one(dims, r, t)), collapse="+") else one(k, r, t)
shares <- rowMeans(sapply(years, function(t) { s <- tapply(x$weight[G & x$year == t], x$region[G & x$year == t], sum); s/sum(s) }))
ends <- rowMeans(sapply(c(2023, 2025), function(t) { s <- tapply(x$weight[G & x$year == t], x$region[G & x$year == t], sum); s/sum(s) }))
num <- function(v) sprintf("(%.17g)", v)
# The covariance among regions with weights p, as text: sum of p (u - mean)(v - mean) over 1 - sum p^2
cross <- function(u, v, p) { p <- p/sum(p); bar <- function(q) paste(sprintf("%s*%s", num(p), q), collapse="+"); sprintf("((%s)/%s)", paste(sprintf("%s*(%s-(%s))*(%s-(%s))", num(p), u, bar(u), v, bar(v)), collapse="+"), num(1 - sum(p^2))) }
wcov <- function(u, v, p) cov.wt(cbind(u, v), p/sum(p))$cov[1, 2]                           # cov.wt divides by 1 - sum p^2 too
noise <- function(V, p) { p <- p/sum(p); (sum(p*diag(V)) - sum(V*outer(p, p)))/(1 - sum(p^2)) }  # of e with covariance V: E of the covariance of e
block <- function(d, which) { totals <- svytotal(pieces, d); lapply(named(which), function(k) {
  names_ <- as.vector(outer(1:K, years, function(r, t) sprintf("L%d_%d", r, t))); text <- as.vector(outer(1:K, years, Vectorize(function(r, t) level(k, r, t)))); e <- setNames(lapply(text, function(s) parse(text=s)[[1]]), names_)
  L <- svycontrast(totals, e); y <- matrix(coef(L), K); V <- vcov(L); at <- function(i, j) V[(i - 1)*K + 1:K, (j - 1)*K + 1:K]; sym <- function(i) names_[(i - 1)*K + 1:K]
  con <- function(e) { s <- svycontrast(L, lapply(e, function(q) parse(text=q)[[1]])); list(v=as.numeric(coef(s)), V=as.matrix(vcov(s))) }
  sigma <- function(p) { s <- con(setNames(lapply(1:3, function(i) cross(sym(i), sym(i), p)), years)); n <- sapply(1:3, function(i) noise(at(i, i), p)); o <- sapply(1:3, function(i) wcov(y[, i], y[, i], p)); stopifnot(max(abs(o - s$v)) < 1e-8)
    list(years=lapply(setNames(1:3, years), function(i) list(observed=o[i], sampling=n[i], variance=o[i] - n[i], se=sqrt(s$V[i, i]))),
      change=list(estimate=(o[3] - n[3]) - (o[1] - n[1]), se=sqrt(s$V[1, 1] + s$V[3, 3] - 2*s$V[1, 3]))) }
  beta <- function(p) { slope <- function(keep, corrected) { f <- lm(I(y[, 3] - y[, 1]) ~ y[, 1], weights=p, subset=keep); b <- as.numeric(coef(f)[2]); if (!corrected) return(b); q <- p[keep]; xx <- wcov(y[keep, 1], y[keep, 1], q); Vx <- at(1, 1)[keep, keep]; C <- at(1, 3)[keep, keep]
      (b*xx - noise(C - Vx, q))/(xx - noise(Vx, q)) }
    m <- con(list(n=cross(sprintf("(%s-%s)", sym(3), sym(1)), sym(1), p), d=cross(sym(1), sym(1), p)))
    lapply(c(naive=FALSE, corrected=TRUE), function(cc) { b <- slope(1:K, cc); s <- sapply(1:K, function(r) slope(setdiff(1:K, r), cc)); D <- m$v[2] - cc*noise(at(1, 1), p); N <- m$v[1] - cc*noise(at(1, 3) - at(1, 1), p); stopifnot(abs(N/D - b) < 1e-9)
      # of the ratio (n - a)/(d - c) with given a and c
      ratio <- con(list(b=sprintf("(%s-%s)/(%s-%s)", cross(sprintf("(%s-%s)", sym(3), sym(1)), sym(1), p), num(m$v[1] - N), cross(sym(1), sym(1), p), num(m$v[2] - D))))
      t <- qt(.975, 20); A <- D^2 - t^2*m$V[2, 2]; B <- -2*(N*D - t^2*m$V[1, 2]); CC <- N^2 - t^2*m$V[1, 1]; q <- sqrt(B^2 - 4*A*CC); stopifnot(A > 0)
      list(slope=b, se=sqrt(ratio$V[1, 1]), lower=(-B - q)/(2*A), upper=(-B + q)/(2*A), p=2*pt(-abs(N)/sqrt(m$V[1, 1]), 20), se_regions=sqrt((K - 1)/K*sum((s - mean(s))^2)), reliability=D/m$v[2]) }) }
  list(levels=setNames(lapply(1:3, function(i) y[, i]), years), sigma=list(equal=sigma(rep(1, K)), population=sigma(shares)), beta=list(equal=beta(rep(1, K)), population=beta(ends))) }) }
d <- svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE); d$variables$.g <- G
freedom <- sapply(years, function(t) { e <- d; e$variables$.g <- G & x$year == t; degf(subset(e, .g)) }); stopifnot(freedom == 20)
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="change_convergence.R", data=basename(a[1]), n=nrow(x), reference="general sample of each year", regions=K, df=20, unit="squared points of the level; slopes have none"))
R$shared_psus <- block(d, c("access", "overall"))
R$independent <- block(svydesign(ids=~psu, strata=~interaction(year, sample, stratum, drop=TRUE), weights=~weight, data=z, nest=TRUE), "usage")
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE, na="null"), a[2])
