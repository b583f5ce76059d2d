# The difference of urban and rural scores of beside_clustered.csv by Oaxaca and Blinder, summed over the columns of each factor, by R survey.
# Rscript two_groups.R beside_clustered.csv two_groups.json
# Points: svyglm in each group, and of both together. Standard errors: stacked estimating equations of means and slopes, whose Jacobian and the gradient of the
# parts are taken by complex steps, not by hand. Freed from the base: the slopes of all categories of school, and of sex, sum to zero, the constant takes their means (Yun 2005).
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript two_groups.R beside_clustered.csv OUT.json")
options(survey.lonely.psu="fail")
x <- read.csv(a[1]); x$m <- as.numeric(x$school == 2); x$h <- as.numeric(x$school == 3)
d <- svydesign(ids=~psu, strata=~stratum, weights=~weight, data=x, nest=TRUE)
X <- model.matrix(~age + m + h + female, x); y <- x$score; w <- x$weight; A <- x$rural == 0; B <- !A; k <- ncol(X); XP <- cbind(X, A); h <- 1e-30
# eta: means and slopes of both groups, slopes of both together without and with an effect of the group
cut <- split(seq_len(6*k + 1), rep(1:6, c(rep(k, 5), k + 1)))
U <- function(eta) { q <- lapply(cut, function(i) eta[i]); cen <- function(m) sweep(X + 0*eta[1], 2, m); res <- function(M, b) (y - M %*% b)[, 1]*M
  cbind(A*cen(q[[1]]), B*cen(q[[2]]), A*res(X, q[[3]]), B*res(X, q[[4]]), res(X, q[[5]]), res(XP, q[[6]])) }
f <- score ~ age + m + h + female; co <- function(s) coef(svyglm(f, s)); mm <- function(g) colSums(w*g*X)/sum(w*g)
eta <- as.numeric(c(mm(A), mm(B), co(subset(d, rural == 0)), co(subset(d, rural == 1)), co(d), coef(svyglm(update(f, . ~ . + I(rural == 0)), d))))
stopifnot(max(abs(colSums(w*Re(U(as.complex(eta))))/sum(w))) < 1e-8)
share <- sum(w[A])/sum(w) # Cotton's: taken as known
blocks <- list(constant=1, age=2, school=c(3, 4, 6), female=c(5, 7))
parts <- function(eta, freed) { q <- lapply(cut, function(i) eta[i])
  M <- function(m) c(m, 1 - m[3] - m[4], 1 - m[5])
  S <- function(b) { b <- b[1:k]; e <- if (freed) c((b[3] + b[4])/3, b[5]/2) else c(0, 0); c(b[1] + sum(e), b[2], b[3] - e[1], b[4] - e[1], b[5] - e[2], -e) }
 
  mA <- M(q[[1]]); mB <- M(q[[2]]); bA <- S(q[[3]]); bB <- S(q[[4]]); D <- mA - mB
  two <- function(b) list(explained=D*b, unexplained=mA*(bA - b) + mB*(b - bB)); mix <- function(s) two(s*bA + (1 - s)*bB)
  every <- list(threefold=list(endowments=D*bB, coefficients=mB*(bA - bB), interaction=D*(bA - bB)),
    "1"=mix(1), "0"=mix(0), "0.5"=mix(.5), cotton=mix(share), neumark=two(S(q[[5]])), pooled=two(S(q[[6]])))
  unlist(lapply(every, function(way) c(difference=sum(unlist(way)), unlist(lapply(way, function(p) c(total=sum(p), sapply(blocks, function(i) sum(p[i]))))))) ) }
estimated <- function(freed) {
  J <- sapply(seq_along(eta), function(j) { z <- as.complex(eta); z[j] <- z[j] + 1i*h; Im(colSums(w*U(z)))/h })
  IF <- -Re(U(as.complex(eta))) %*% t(solve(J, tol=1e-30)); colnames(IF) <- paste0("if", seq_along(eta)); e <- d; e$variables <- cbind(d$variables, IF)
  V <- as.matrix(vcov(svytotal(as.formula(paste("~", paste(colnames(IF), collapse="+"))), e)))
  G <- sapply(seq_along(eta), function(j) { z <- as.complex(eta); z[j] <- z[j] + 1i*h; Im(parts(z, freed))/h })
  p <- parts(eta, freed); C <- G %*% V %*% t(G); se <- setNames(sqrt(pmax(diag(C), 0)), names(p))
  # the difference of the means is that of svyby, the slopes have the errors of svyglm, the pooled rest is the effect of the group
  b <- svyby(~score, ~rural, d, svymean, covmat=TRUE); s <- svycontrast(b, c(1, -1)); g <- svyglm(update(f, . ~ . + I(rural == 0)), d)
  stopifnot(abs(coef(s) - p["threefold.difference"]) < 1e-10, abs(SE(s) - se["threefold.difference"]) < 1e-10,
    max(abs(sqrt(diag(V))[cut[[3]]] - SE(svyglm(f, subset(d, rural == 0))))) < 1e-8,
    abs(coef(g)[k + 1] - p["pooled.unexplained.total"]) < 1e-10, abs(SE(g)[k + 1] - se["pooled.unexplained.total"]) < 1e-10)
  way <- function(name) { i <- startsWith(names(p), paste0(name, ".")); list(names=sub(paste0(name, "."), "", names(p)[i], fixed=TRUE), estimate=as.numeric(p[i]), se=as.numeric(se[i]), vcov=unname(C[i, i])) }
  sapply(c("threefold", "1", "0", "0.5", "cotton", "neumark", "pooled"), way, simplify=FALSE) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="two_groups.R", data=basename(a[1]),
  difference="urban minus rural", blocks="age; school (2, 3 and, freed from the base, 1); female (1 and, freed, 0)", cotton_share=share),
  df=c(degf(subset(d, rural == 0)), degf(subset(d, rural == 1))), n=c(sum(A), sum(B)), plain=estimated(FALSE), freed=estimated(TRUE))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE), a[2])
