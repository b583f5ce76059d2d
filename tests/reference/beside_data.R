# A clustered survey of two groups, wholly synthetic: 3 strata, 90 PSUs in each, 5 to 7 people in a PSU.
# Rscript beside_data.R beside_clustered.csv
a <- commandArgs(TRUE); if (length(a) != 1) stop("usage: Rscript beside_data.R OUT.csv")
RNGkind("Mersenne-Twister", "Inversion", "Rejection"); set.seed(20260518)
H <- 3; P <- 90; psus <- data.frame(stratum=rep(1:H, each=P), psu=rep(1:P, H)); K <- nrow(psus)
psus$size <- sample(5:7, K, replace=TRUE); psus$effect <- rnorm(K, 0, 4); psus$base <- c(900, 500, 300)[psus$stratum]*runif(K, .7, 1.4)
x <- psus[rep(seq_len(K), psus$size),]; n <- nrow(x)
x$weight <- round(x$base*exp(rnorm(n, 0, .3)), 2)
x$rural <- as.integer(runif(n) < c(.3, .5, .6)[x$stratum])
x$age <- pmin(84, pmax(16, round(rnorm(n, 43 + 6*x$rural, 15))))                 # rural people are older and less schooled
x$school <- 1 + (runif(n) < ifelse(x$rural == 1, .6, .75)) + (runif(n) < ifelse(x$rural == 1, .3, .45))
x$female <- as.integer(runif(n) < .5)
x$score <- round(with(x, 58 + effect - .35*(age - 42)*ifelse(rural == 1, 1.3, 1) + 7*(school == 2) + 12*(school == 3) - 4*rural - 1.5*female + rnorm(n, 0, 11)), 3)
write.table(with(x, data.frame(stratum, psu, weight=sprintf("%.2f", weight), rural, age, school, female, score=sprintf("%.3f", score))),
  a[1], sep=",", row.names=FALSE, quote=FALSE, eol="\n")
