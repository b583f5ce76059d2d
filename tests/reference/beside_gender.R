# The gender gap in log wages at three quantiles (Fortin, Lemieux, Firpo 2011, Table 4) on nlys00.csv (NLSY79 2000; shared, not copied), in R.
# Rscript beside_gender.R nlys00.csv beside_gender.json
# First as published: Epanechnikov kernel of width .10 (Stata), everybody who scores exactly q above it. The totals must round to the printed ones.
# Then with what differs here: a Gaussian kernel, and of those exactly at q the share that makes the share below tau exact, so that parts sum to the gap.
suppressMessages(library(jsonlite))
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript beside_gender.R nlys00.csv OUT.json")
x <- read.csv(a[1], stringsAsFactors=FALSE); y <- log(x$wage); men <- x$female == "no"; taus <- c(.1, .5, .9)
X <- model.matrix(~age + central_city + msa + region + black + hispanic + education + afqt + family_responsibility + years_worked_civilian + years_worked_military + part_time + industry, x)
epanechnikov <- function(u) ifelse(abs(u) < sqrt(5), .75*(1 - u^2/5)/sqrt(5), 0)
divided <- function(rif) { m <- list(colMeans(X[men,]), colMeans(X[!men,])); b <- list(coef(lm.fit(X[men,], rif[men])), coef(lm.fit(X[!men,], rif[!men])))
  unname(rbind((m[[1]] - m[[2]])*b[[1]], m[[2]]*(b[[1]] - b[[2]]))) }                                        # slopes of men
stata <- function(v, p) { v <- sort(v); i <- length(v)*p; if (abs(i - round(i)) < 1e-9) (v[round(i)] + v[round(i) + 1])/2 else v[ceiling(i)] }
as_published <- function(tau) { rif <- numeric(length(y)); for (g in list(men, !men)) { q <- stata(y[g], tau); rif[g] <- q + (tau - (y[g] < q))/(mean(epanechnikov((q - y[g])/.1))/.1) }; rif }
ours <- function(tau, bw) { rif <- numeric(length(y)); e <- list(); for (k in 1:2) { g <- list(men, !men)[[k]]; v <- y[g]; h <- if (is.null(bw)) bw.nrd0(v) else bw; q <- as.numeric(quantile(v, tau, type=1)); f <- mean(dnorm((q - v)/h))/h
    part <- (tau - mean(v < q))/mean(v == q); rif[g] <- q + (tau - ifelse(v < q, 1, ifelse(v == q, part, 0)))/f; stopifnot(abs(mean(rif[g]) - q) < 1e-10); e[[k]] <- c(q=q, f=f, h=h, at=sum(v == q)) }
  p <- divided(rif); list(parts=p, totals=rowSums(p), quantiles=c(e[[1]][["q"]], e[[2]][["q"]]), densities=c(e[[1]][["f"]], e[[2]][["f"]]), bandwidths=c(e[[1]][["h"]], e[[2]][["h"]]), number_at=c(e[[1]][["at"]], e[[2]][["at"]])) }
printed <- list(gap=c(.180, .241, .260), explained=c(.274, .208, .136), unexplained=c(-.094, .033, .124))
p <- lapply(taus, function(t) rowSums(divided(as_published(t))))
found <- list(gap=sapply(p, sum), explained=sapply(p, `[`, 1), unexplained=sapply(p, `[`, 2))
stopifnot(max(abs(unlist(found) - unlist(printed))) < .0005 + 1e-9)
R <- list(meta=list(R=R.version.string, jsonlite=as.character(packageVersion("jsonlite")), script="beside_gender.R", data=basename(a[1]), n=nrow(x), difference="men minus women, slopes of men", columns=colnames(X)),
  tau=taus, published=printed, published_recomputed=found, width_10=lapply(taus, ours, .1), nrd0=lapply(taus, ours, NULL))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE), a[2])
