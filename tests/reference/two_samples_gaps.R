# The decomposition of groups' distances from the general sample on two_samples.csv: points by a weighted regression with an effect of every cell (held
# against svyglm) and weighted means; Taylor errors by an influence written down here from X'WX with the cells' dummies in it; and, of a smaller model,
# jackknife errors by withReplicates, which know nothing of any influence.
# Rscript two_samples_gaps.R two_samples.csv OUT.json
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript two_samples_gaps.R two_samples.csv OUT.json")
options(survey.lonely.psu="fail")
x <- read.csv(a[1], stringsAsFactors=FALSE, na.strings="")
dims <- c("access", "capability", "usage"); om <- c(.2, .4, .4); named <- function(v) setNames(v, v)
x$education[x$education == 9] <- NA
x$ages <- cut(x$age, c(-Inf, 39, 64, Inf), labels=c("young", "middle", "old")); x$sex <- factor(x$sex); x$education <- factor(x$education)
x$occupation <- factor(x$occupation, c("farm", "office", "service", "none")); x$cell <- interaction(x$region, x$area)
factors <- c(sex="sex", age="ages", education="education", income="income", occupation="occupation"); step <- c(1, 1, 2, 3, 3)
G <- x$sample == "general"; Y <- as.matrix(x[dims]); scored <- rowSums(is.na(Y)) == 0
known <- function(f) scored & complete.cases(x[factors[f]])
all_known <- known(names(factors)); R0 <- G & all_known                       # the reference: complete cases of all factors, for every group

# Whom each group is made of, and the factors it is compared by: what defines a group is none of its factors
farmers <- !G; less <- setdiff(names(factors), "occupation")
groups <- list(rural=list(G & x$area == "R", names(factors)), older=list(G & x$age >= 65, setdiff(names(factors), "age")), farmers=list(farmers, less))
for (r in 1:3) groups[[paste0("region", r)]] <- list(G & x$region == r, names(factors))
for (u in c("U", "R")) groups[[paste0("area", u)]] <- list(G & x$area == u, names(factors))
for (r in 1:3) for (u in c("U", "R")) groups[[paste0("region", r, "*", u)]] <- list(G & x$region == r & x$area == u, names(factors))
for (r in 1:3) groups[[paste0("farmers*", r)]] <- list(farmers & x$region == r, less)
cases <- function(g) g[[1]] & (if (setequal(g[[2]], names(factors))) all_known else ifelse(G, all_known, known(g[[2]])))
columns <- function(f) { m <- model.matrix(reformulate(factors[f]), model.frame(reformulate(factors[f]), x, na.action=na.pass))
  list(X=m[, -1, drop=FALSE], block=attr(m, "assign")[-1]) }
sets <- list(all=names(factors), no_age=setdiff(names(factors), "age"), no_occupation=less)
X <- lapply(sets, columns); key <- function(f) names(sets)[sapply(sets, setequal, f)]
for (s in 1:2) for (k in names(sets)) { f <- sets[[k]][step[match(sets[[k]], names(factors))] <= s]; sets[[paste0(k, s)]] <- f; X[[paste0(k, s)]] <- columns(f) }

# Points from weights alone, so that replicates need nothing else: rows are factors and "unexplained", columns dimensions
mean_of <- function(w, v, who) colSums(w[who]*v[who, , drop=FALSE])/sum(w[who])
slopes <- function(w, k) { f <- lm.wfit(cbind(model.matrix(~cell, x[R0,]), X[[k]]$X[R0,]), Y[R0,], w[R0]); b <- as.matrix(coef(f)); b[-seq_len(nlevels(x$cell)), , drop=FALSE] }
points <- function(w, g, k, formula, beta=slopes(w, k)) { who <- cases(g); y0 <- mean_of(w, Y, R0); D <- X[[k]]
  scale <- if (formula == "weighted_ratios") 100*om/y0 else 100*om/sum(om*y0)
  p <- t(t((mean_of(w, D$X, who) - mean_of(w, D$X, R0))*beta)*scale); e <- rowsum(p, D$block)
  gap <- (mean_of(w, Y, who) - y0)*scale; m <- rbind(e, gap - colSums(e)); rownames(m) <- c(sets[[k]], "unexplained"); m }

# Influence of every point and person: X'WX with the cells' dummies in it, not deviations from their means
influence <- function(w, g, k, formula) { who <- cases(g); D <- X[[k]]; y0 <- mean_of(w, Y, R0); beta <- slopes(w, k)
  scale <- if (formula == "weighted_ratios") 100*om/y0 else 100*om/sum(om*y0)
  dev <- function(v, who) { z <- matrix(0, nrow(x), ncol(v)); z[who,] <- t(t(v[who, , drop=FALSE]) - mean_of(w, v, who))/sum(w[who]); z }
  zx <- dev(D$X, who) - dev(D$X, R0); zy0 <- dev(Y, R0); zy <- dev(Y, who) - zy0; M <- cbind(model.matrix(~cell, x[R0,]), D$X[R0, , drop=FALSE])
  A <- solve(crossprod(M, w[R0]*M)); res <- Y[R0,] - M %*% (A %*% crossprod(M, w[R0]*Y[R0,])); keep <- -seq_len(nlevels(x$cell)); lead <- (M %*% A)[, keep, drop=FALSE]
  behind <- mean_of(w, D$X, who) - mean_of(w, D$X, R0); gap <- (mean_of(w, Y, who) - y0)*scale
  z <- array(0, c(nrow(x), length(unique(D$block)) + 1, 3)); relative <- sapply(1:3, function(d) if (formula == "weighted_ratios") zy0[, d]/y0[d] else (zy0 %*% om)/sum(om*y0))
  for (d in 1:3) { zb <- matrix(0, nrow(x), ncol(D$X)); zb[R0,] <- lead*res[, d]; zc <- t(t(zx)*beta[, d] + t(zb)*behind)*scale[d]
    e <- sapply(unique(D$block), function(b) rowSums(zc[, D$block == b, drop=FALSE]) - relative[, d]*sum((behind*beta[, d])[D$block == b])*scale[d])
    z[, , d] <- cbind(e, scale[d]*zy[, d] - gap[d]*relative[, d] - rowSums(e)) }
  z }

full <- svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE); w <- weights(full)
taylor <- function(z) { d <- full; colnames(z) <- paste0("z", seq_len(ncol(z))); d$variables <- cbind(d$variables, z); vcov(svytotal(reformulate(colnames(z)), d)) }
freedom <- function(who) { d <- full; d$variables$.who <- who; as.integer(degf(subset(d, .who))) }
members <- function(who) list(n=sum(who), psus=nrow(unique(x[who, c("sample", "stratum", "psu")])))

# Slopes are those of svyglm, cell effects and all, and its standard errors those of the influence
check <- full; check$variables$.r <- R0; check <- subset(check, .r)
for (d in dims) { fit <- svyglm(reformulate(c("cell", factors), d), check); keep <- -seq_len(nlevels(x$cell))
  stopifnot(max(abs(coef(fit)[keep] - slopes(w, "all")[, d])) < 1e-9)
  M <- model.matrix(fit); u <- matrix(0, nrow(x), ncol(M)); u[R0,] <- M*(Y[R0, d] - M %*% coef(fit))[, 1]; A <- solve(crossprod(M, w[R0]*M)); V <- A %*% taylor(u) %*% A
  stopifnot(max(abs(sqrt(diag(V))/SE(fit) - 1)) < 1e-8) }

fieller <- function(v, V, df, confidence=.95) { t <- qt((1 + confidence)/2, df); A <- v[2]^2 - t^2*V[2, 2]; B <- -2*(v[1]*v[2] - t^2*V[1, 2]); C <- v[1]^2 - t^2*V[1, 1]
  D <- B^2 - 4*A*C; if (A > 0 && D >= 0 && abs(v[2]) > 2*sqrt(V[2, 2])) list(share=v[1]/v[2], lower=(-B - sqrt(D))/(2*A), upper=(-B + sqrt(D))/(2*A)) else NULL }
both <- function(formula) {
  z <- lapply(groups, function(g) influence(w, g, key(g[[2]]), formula)); p <- lapply(groups, function(g) points(w, g, key(g[[2]]), formula))
  lapply(named(names(groups)), function(i) { g <- groups[[i]]; k <- key(g[[2]]); m <- p[[i]]; who <- cases(g); B <- nrow(m); zo <- apply(z[[i]], 1:2, sum)
    zs <- cbind(zo, rowSums(zo[, -B]), rowSums(zo)); labels <- c(rownames(m), "explained", "gap"); V <- taylor(zs); v <- c(rowSums(m), sum(m[-B,]), sum(m));
    df <- min(freedom(who), freedom(R0))
    out <- c(members(who), list(df=df, factors=g[[2]], overall=lapply(named(labels), function(n) { q <- match(n, labels); list(points=v[q], se=sqrt(V[q, q])) })))
    for (d in 1:3) { Vd <- taylor(cbind(z[[i]][, , d], rowSums(z[[i]][, , d]))); out[[dims[d]]] <- lapply(named(c(rownames(m), "gap")), function(n) { q <- match(n, c(rownames(m), "gap")); list(points=c(m[, d], sum(m[, d]))[q], se=sqrt(Vd[q, q])) }) }
    e <- length(v) - 1; s <- fieller(v[c(e, e + 1)], V[c(e, e + 1), c(e, e + 1)], df); if (!is.null(s)) out$share <- s
    out$path <- lapply(1:2, function(s) { n <- paste0(k, s); mm <- points(w, g, n, formula); zz <- influence(w, g, n, formula); b <- nrow(mm)
      list(factors=sets[[n]], points=sum(mm[b,]), se=sqrt(taylor(matrix(rowSums(zz[, b,]), ncol=1))[1, 1])) })
    # Level on available cases, each dimension by whom has it, and its difference from the level on complete cases
    has <- !is.na(Y); Yz <- ifelse(has, Y, 0); at_mean <- function(who) colSums(w[who]*Yz[who,])/colSums(w[who]*has[who,])
    zm <- function(who) sapply(1:3, function(d) who*has[, d]*(Yz[, d] - at_mean(who)[d])/sum(w*who*has[, d])); mg <- at_mean(g[[1]]); m0 <- at_mean(G)
    if (formula == "weighted_ratios") { L <- 100*sum(om*mg/m0); zl <- (100*(t(t(zm(g[[1]]))/m0) - t(t(zm(G))*mg/m0^2))) %*% om } else { L <- 100*sum(om*mg)/sum(om*m0); zl <- (100*zm(g[[1]])/sum(om*m0) - L*zm(G)/sum(om*m0)) %*% om }
    S <- taylor(cbind(zl, rowSums(zo), zl - rowSums(zo))); out$level <- list(available=list(level=L, se=sqrt(S[1, 1])), complete=list(level=100 + sum(m), se=sqrt(S[2, 2])), difference=list(level=L - 100 - sum(m), se=sqrt(S[3, 3])))
    out$share_lost <- 1 - sum(w[who])/sum(w[g[[1]]]); out$lacking <- c(list(scores=sum(g[[1]] & !scored)), lapply(named(g[[2]]), function(f) sum(g[[1]] & is.na(x[[factors[f]]])))); out })
}
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="two_samples_gaps.R", data=basename(a[1]),
  n=nrow(x), n_general=sum(G), psus=nrow(unique(x[c("sample", "stratum", "psu")])), reference="general sample, complete cases of all factors", cells="region x area", unit="reference = 100"),
  reference=c(members(R0), list(df=freedom(R0))), weighted_ratios=both("weighted_ratios"), ratio_of_composites=both("ratio_of_composites"))
# Differences of two groups, with their covariance
zz <- lapply(named(c("farmers", "rural")), function(i) { g <- groups[[i]]; z <- influence(w, g, key(g[[2]]), "weighted_ratios"); cbind(rowSums(z), rowSums(z[, dim(z)[2],])) })
S <- taylor(zz$farmers - zz$rural)
R$farmers_minus_rural <- list(gap=sqrt(S[1, 1]), unexplained=sqrt(S[2, 2]))

# The smaller model: sex, age, and schooling inside the two areas. Its cases lack none of the three, and its jackknife deletes one PSU at a time
small <- c("sex", "age", "education"); all_known <- known(small); R0 <- G & all_known; x$cell <- factor(x$area); X$small <- columns(small); sets$small <- small
jkn <- as.svrepdesign(full, type="JKn", mse=TRUE)
R$small_model <- lapply(list(rural=G & x$area == "R", farmers=farmers), function(who) { g <- list(who, small); who <- who & all_known
  cases <<- function(g) g[[1]] & all_known
  v <- function(w, d) { m <- points(w, g, "small", "weighted_ratios"); c(rowSums(m), explained=sum(m[-nrow(m),]), gap=sum(m)) }
  r <- withReplicates(jkn, v); z <- apply(influence(w, g, "small", "weighted_ratios"), 1:2, sum); V <- taylor(cbind(z, rowSums(z[, -ncol(z)]), rowSums(z)))
  labels <- c(small, "unexplained", "explained", "gap"); lapply(named(labels), function(n) { q <- match(n, labels); list(points=as.numeric(r)[q], se=sqrt(V[q, q]), jackknife=as.numeric(SE(r))[q]) }) })
for (i in R$small_model) for (k in i) if (abs(k$points) > k$se) stopifnot(abs(k$jackknife/k$se - 1) < .01)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE, na="null"), a[2])
