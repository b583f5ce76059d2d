# The difference of urban and rural scores in beside_clustered.csv with the rural group reweighted to the urban one (DFL, FFL 2018), by R survey.
# Rscript beside_reweighting.R beside_clustered.csv beside_reweighting.json
# Points: svyglm (quasibinomial) for the logit, svyglm for the regressions. Standard errors two ways: JKn replicates in which everything is estimated again
# (withReplicates), and stacked estimating equations of logit, means and slopes, whose Jacobian is taken by complex steps, not by hand.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript beside_reweighting.R beside_clustered.csv OUT.json")
options(survey.lonely.psu="fail")
x <- read.csv(a[1]); x$m <- as.numeric(x$school == 2); x$h <- as.numeric(x$school == 3); x$urban <- 1 - x$rural
d <- svydesign(ids=~psu, strata=~stratum, weights=~weight, data=x, nest=TRUE); jk <- as.svrepdesign(d, type="JKn", mse=TRUE)
X <- model.matrix(~age + m + h + female, x); y <- x$score; parts <- c("composition", "specification_error", "structure", "reweighting_error")
logits <- list(plain=~age + m + h + female, rich=~age + m + h + female + I(age^2/100) + age:h)
divided <- function(A, mA, bA, B, mB, bB, mC, bC) rbind((mC - mB)*bB, mC*(bC - bB), mA*(bA - bC), (mA - mC)*bC)
block <- function(A, f) { B <- 1 - A; Z <- model.matrix(f, x)
  points <- function(w) { g <- glm.fit(Z, A, w/mean(w), family=quasibinomial(), control=list(epsilon=1e-14, maxit=100)); v <- w*B*exp(as.numeric(Z %*% g$coefficients))
    m <- function(u) colSums(u*X)/sum(u); b <- function(u) { u <- u/sum(u); qr.solve(qr(sqrt(u)*X), sqrt(u)*y) }
    divided(A, m(w*A), b(w*A), B, m(w*B), b(w*B), m(v), b(v)) }
  w <- x$weight; est <- points(w)
  # the same points by svyglm
  d$variables$A <- A; g <- svyglm(update(f, A ~ .), d, family=quasibinomial(), control=list(epsilon=1e-14, maxit=100)); odds <- exp(as.numeric(Z %*% coef(g)))
  d$variables$v <- w*odds; e <- svydesign(ids=~psu, strata=~stratum, weights=~v, data=d$variables, nest=TRUE); fm <- score ~ age + m + h + female; M <- ~age + m + h + female
  co <- function(s) list(m=c(1, coef(svymean(M, s))), b=coef(svyglm(fm, s))); a1 <- co(subset(d, A == 1)); b1 <- co(subset(d, A == 0)); c1 <- co(subset(e, A == 0))
  stopifnot(max(abs(divided(A, a1$m, a1$b, B, b1$m, b1$b, c1$m, c1$b) - est)) < 1e-8)
  # JKn
  r <- withReplicates(jk, function(w, data) { p <- points(w); c(rowSums(p), t(p)) }); k <- ncol(X); n1 <- 1:4
  # stacked estimating equations: eta = (gamma, mA, mB, mC, bA, bB, bC); mean of U is zero; complex steps
  L <- ncol(Z); cut <- split(seq_len(L + 6*k), rep(1:7, c(L, rep(k, 6))))
  U <- function(eta) { q <- lapply(cut, function(i) eta[i]); o <- exp(Z %*% q[[1]])[, 1]; p <- o/(1 + o); C <- B*o; res <- function(b) (y - X %*% b)[, 1]; cen <- function(m) sweep(X + 0*eta[1], 2, m)
    cbind((A - p)*Z, A*cen(q[[2]]), B*cen(q[[3]]), C*cen(q[[4]]), A*res(q[[5]])*X, B*res(q[[6]])*X, C*res(q[[7]])*X) }
  mm <- function(u) colSums(u*X)/sum(u); bb <- function(u) qr.solve(qr(sqrt(u)*X), sqrt(u)*y); v <- w*B*odds
  eta <- c(coef(g), mm(w*A), mm(w*B), mm(v), bb(w*A), bb(w*B), bb(v)); h <- 1e-30
  J <- sapply(seq_along(eta), function(j) { z <- as.complex(eta); z[j] <- z[j] + 1i*h; Im(colSums(w*U(z)))/h })
  stopifnot(max(abs(colSums(w*Re(U(as.complex(eta))))/sum(w))) < 1e-8)
  IF <- -Re(U(as.complex(eta))) %*% t(solve(J, tol=1e-30)); colnames(IF) <- paste0("if", seq_along(eta)); d$variables <- cbind(d$variables, IF)
  V <- as.matrix(vcov(svytotal(as.formula(paste("~", paste(colnames(IF), collapse="+"))), d)))
  G <- sapply(seq_along(eta), function(j) { z <- as.complex(eta); z[j] <- z[j] + 1i*h; q <- lapply(cut, function(i) z[i]); p <- divided(A, q[[2]], q[[5]], B, q[[3]], q[[6]], q[[4]], q[[7]]); Im(c(rowSums(p), t(p)))/h })
  S <- G %*% V %*% t(G); dv <- v[v > 0]; even <- odds*sum(w*B)/sum(w*A)
  list(parts=est, totals=rowSums(est), difference=sum(est), se=sqrt(diag(S))[n1], vcov=unname(S[n1, n1]), se_columns=matrix(sqrt(pmax(diag(S)[-n1], 0)), 4, byrow=TRUE),
    jkn_se=as.numeric(SE(r))[n1], jkn_se_columns=matrix(as.numeric(SE(r))[-n1], 4, byrow=TRUE), effective_size=sum(dv)^2/sum(dv^2), largest_share=max(dv)/sum(dv), smallest_overlap=min(1/(1 + even))) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="beside_reweighting.R", data=basename(a[1]),
  parts=parts, columns=colnames(X), urban_rural="urban minus rural, rural reweighted", rural_urban="rural minus urban, urban reweighted", plain="~age + m + h + female", rich="~age + m + h + female + age^2/100 + age:h"),
  urban_rural=lapply(logits, function(f) block(x$urban, f)), rural_urban=lapply(logits, function(f) block(x$rural, f)))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE), a[2])
