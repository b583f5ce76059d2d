# The difference of urban and rural scores at quantiles of beside_clustered.csv by recentered influence (Firpo, Fortin, Lemieux 2009), in R.
# Rscript beside_quantiles.R beside_clustered.csv beside_quantiles.json
# The indicator counts of those who score exactly q the share that makes the weighted share below tau exact; `usual` is that with 1{y <= q}.
# Density: R's density(weights=, bw=) as an exact sum. Bootstrap: withReplicates on replicate weights drawn here (n_h - 1 of n_h PSUs), written with the result.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript beside_quantiles.R beside_clustered.csv OUT.json")
RNGkind("Mersenne-Twister", "Inversion", "Rejection"); set.seed(20260519)
x <- read.csv(a[1]); y <- x$score; X <- model.matrix(~age + I(school == 2) + I(school == 3) + female, x); w <- x$weight; urban <- x$rural == 0
d <- svydesign(ids=~psu, strata=~stratum, weights=~weight, data=x, nest=TRUE)
rif <- function(y, w, tau, h) { W <- sum(w); t <- tapply(w, y, sum); v <- as.numeric(names(t)); F <- cumsum(t)/W; at <- which(F >= tau - 1e-12)[1]; q <- v[at]
  f <- sum(w*dnorm((q - y)/h))/(W*h); part <- (tau - (F[at] - t[at]/W))/(t[at]/W)
  list(q=q, f=f, h=h, rif=q + (tau - ifelse(y < q, 1, ifelse(y == q, part, 0)))/f, usual=q + (tau - (y <= q))/f, at=sum(y == q)) }
divided <- function(w, tau, h, which) { r <- list(); g <- list(urban, !urban)
  for (k in 1:2) { i <- g[[k]] & w > 0; e <- rif(y[i], w[i], tau, h[k]); r[[k]] <- list(e=e, b=lm.wfit(X[i,], e$rif, w[i])$coefficients, m=colSums(w[i]*X[i,])/sum(w[i])) }
  A <- r[[1]]; B <- r[[2]]; parts <- if (which == "second") rbind((A$m - B$m)*B$b, A$m*(A$b - B$b)) else rbind((A$m - B$m)*A$b, B$m*(A$b - B$b))
  list(parts=unname(parts), q=c(A$e$q, B$e$q), r=r) }
# replicate weights: the same PSU factor for everybody of a PSU
ps <- unique(x[c("stratum", "psu")]); key <- match(paste(x$stratum, x$psu), paste(ps$stratum, ps$psu)); B <- 12
counts <- sapply(1:B, function(b) { m <- numeric(nrow(ps)); for (s in unique(ps$stratum)) { i <- which(ps$stratum == s); m[i] <- tabulate(sample(length(i), length(i) - 1, TRUE), length(i)) }; m })
fac <- counts*as.numeric(table(ps$stratum)[as.character(ps$stratum)])/(as.numeric(table(ps$stratum)[as.character(ps$stratum)]) - 1)
rd <- svrepdesign(data=x, weights=~weight, repweights=fac[key,], combined.weights=FALSE, type="other", scale=1/(B - 1), rscales=rep(1, B), mse=TRUE)
block <- function(tau, which, h) { o <- divided(w, tau, h, which); e <- lapply(o$r, `[[`, "e")
  for (k in 1:2) { i <- list(urban, !urban)[[k]]; stopifnot(abs(weighted.mean(e[[k]]$rif, w[i]) - e[[k]]$q) < 1e-10, abs(coef(svyquantile(~score, subset(d, rural == k - 1), tau, qrule="math")) - e[[k]]$q) < 1e-12)
    k2 <- suppressWarnings(density(y[i], weights=w[i]/sum(w[i]), bw=h[k], n=2^14)); stopifnot(abs(approx(k2$x, k2$y, e[[k]]$q)$y/e[[k]]$f - 1) < 1e-3) }
  stopifnot(abs(sum(o$parts) - diff(rev(o$q))) < 1e-9)
  V <- withReplicates(rd, function(w, data) { p <- divided(w, tau, h, which); c(p$q, t(p$parts), rowSums(p$parts)) }); n <- length(coef(V))
  list(quantiles=o$q, densities=sapply(e, `[[`, "f"), bandwidths=h, parts=o$parts, totals=rowSums(o$parts), boot_se=as.numeric(SE(V))[1:(n - 2)], boot_se_totals=as.numeric(SE(V))[n - 1:0],
    rif_values=lapply(1:2, function(k) { i <- list(urban, !urban)[[k]]; z <- e[[k]]; list(below=unique(z$rif[y[i] < z$q]), at=unique(z$rif[y[i] == z$q]), above=unique(z$rif[y[i] > z$q]), number_at=z$at,
      usual_mean=weighted.mean(z$usual, w[i])) })) }
h <- c(bw.nrd0(y[urban]), bw.nrd0(y[!urban])); taus <- c(.1, .25, .5, .9)
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="beside_quantiles.R", data=basename(a[1]), difference="urban minus rural",
  columns=c("constant", "age", "school 2", "school 3", "female"), bandwidth="bw.nrd0 of each group, without weights, the same in every replicate", psu_order="of appearance"), tau=taus, draws=t(counts),
  nrd0=lapply(list(c(1, 2, 4, 8, 16), c(5, 5, 5, 5, 9), c(5, 5, 5), c(0, 0, 0)), function(v) list(scores=v, bandwidth=bw.nrd0(v))),
  second=lapply(taus, block, "second", h), first=lapply(taus, block, "first", h), bandwidth_2=list(block(.1, "second", c(2, 2))))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE), a[2])
