# Regressions on the small survey: small.csv -> small_regression.json.   Rscript small_regression.R small.csv small_regression.json
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript small_regression.R small.csv OUT.json")
x <- read.csv(a[1]); named <- function(v) setNames(v, v)
x$ageg <- cut(x$age, c(0, 34, 49, 64, Inf), labels=c("15", "35", "50", "65")); x$rural <- as.numeric(x$area == "R"); x$regionf <- factor(x$region)
stacked <- function(...) svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE, ...)
general <- function(d) subset(d, sample == "general" & !is.na(access) & !is.na(usage))      # complete cases of both scores
terms <- "~ age + rural + ageg + regionf"; blocks <- list(age="age", rural="rural", ageg="ageg", regionf="regionf"); R <- list()
R$meta <- list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="small_regression.R", data=basename(a[1]))

# A. svyglm: coefficients, covariance, residual degrees of freedom, Wald tests of whole factors
one <- function(score, d) { g <- svyglm(as.formula(paste(score, terms)), general(d)); s <- summary(g)$coefficients
  l <- lm(as.formula(paste(score, terms)), data=g$survey.design$variables, weights=weights(g$survey.design))
  list(names=names(coef(g)), est=as.numeric(coef(g)), se=as.numeric(SE(g)), vcov=unname(as.matrix(vcov(g))), df_resid=g$df.residual, p=as.numeric(s[, 4]), holm=as.numeric(p.adjust(s[-1, 4], "holm")),
    n=nrow(g$survey.design$variables), r_squared=summary(l)$r.squared,
    tests=lapply(blocks, function(b) { t <- regTermTest(g, as.formula(paste("~", b)), method="Wald"); list(F=as.numeric(t$Ftest), df=t$df, ddf=t$ddf, p=as.numeric(t$p)) })) }
R$svyglm <- lapply(named(c("access", "usage")), one, stacked()); R$svyglm_fpc <- list(usage=one("usage", stacked(fpc=~fpc)))

# B. Collinearity: weighted correlations, determinants, singular values of columns scaled to length one
d <- general(stacked()); v <- d$variables; w <- weights(d); X <- model.matrix(as.formula(terms), v); C <- cov.wt(X[, -1], w, cor=TRUE)$cor; assign <- attr(X, "assign")[-1]
Z <- sqrt(w)*X; Z <- sweep(Z, 2, sqrt(colSums(Z^2)), "/"); s <- svd(Z)$d
R$collinearity <- list(vif=diag(solve(C)), condition_number=max(s)/min(s),
  vif_by_r_squared=as.numeric(sapply(2:ncol(X), function(k) 1/(1 - summary(lm(X[, k] ~ X[, -c(1, k)], weights=w))$r.squared))),
  gvif=lapply(setNames(seq_along(blocks), names(blocks)), function(b) det(C[assign == b, assign == b, drop=FALSE])*det(C[assign != b, assign != b, drop=FALSE])/det(C)))

# C. Holm with a test that there is not
p <- c(.01, NA, .04, .03, .005, NA, .9, .03); R$holm <- list(p=p, adjusted=p.adjust(p, "holm"))

# D. Two groups without a design, unweighted: rural (A) minus urban (B), reference slopes M b_A + (I - M) b_B.
# A column of M is what the regression of both gives back when A's scores are one column of A's covariates and B's are zero.
u <- x[x$sample == "general" & !is.na(x$usage),]; A <- u$rural == 1; F <- ~ age + farm + ageg; X <- model.matrix(F, u); K <- ncol(X); I <- diag(K)
fit <- function(g) lm(u$usage[g] ~ X[g, ] - 1); fa <- fit(A); fb <- fit(!A); ba <- coef(fa); bb <- coef(fb); Va <- vcov(fa); Vb <- vcov(fb)
xa <- colMeans(X[A, ]); xb <- colMeans(X[!A, ]); Sa <- cov(X[A, ])/sum(A); Sb <- cov(X[!A, ])/sum(!A)
both <- function(extra) sapply(1:K, function(j) coef(lm(ifelse(A, X[, j], 0) ~ cbind(X, extra) - 1))[1:K])
ways <- list(cotton=I*mean(A), neumark=both(NULL), pooled=both(as.numeric(A)))
# Every part is a product of means and slopes: gradients by each, means and slopes independent
two <- function(M) { N <- I - M; b0 <- as.numeric(M %*% ba + N %*% bb); d <- xa - xb; D <- function(v) diag(as.numeric(v))
  gE <- list(ma=D(b0), mb=-D(b0), ba=D(d) %*% M, bb=D(d) %*% N)
  gU <- list(ma=D(ba - b0), mb=D(b0 - bb), ba=D(xa) %*% (I - M) + D(xb) %*% M, bb=-D(xa) %*% N + D(xb) %*% (N - I))
  V <- function(g, h) g$ma %*% Sa %*% t(h$ma) + g$mb %*% Sb %*% t(h$mb) + g$ba %*% Va %*% t(h$ba) + g$bb %*% Vb %*% t(h$bb)
  list(slopes=b0, explained=as.numeric(d*b0), unexplained=as.numeric(xa*(ba - b0) + xb*(b0 - bb)), se_explained=sqrt(diag(V(gE, gE))), se_unexplained=sqrt(diag(V(gU, gU))),
    se_totals=c(sqrt(sum(V(gE, gE))), sqrt(sum(V(gU, gU)))), covariance_of_totals=sum(V(gE, gU))) }
R$two_groups <- c(list(columns=colnames(X), n=c(sum(A), sum(!A))), lapply(ways, two))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[2])
