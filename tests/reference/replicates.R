# Levels of small.csv with errors by replicates: jackknife, balanced half-samples, supplied weights, by R survey.
# Rscript replicates.R small.csv replicates.json
# Half-samples need two PSUs in every stratum: they are of the first two PSUs of each.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript replicates.R small.csv OUT.json")
options(survey.replicates.mse=TRUE)
x <- read.csv(a[1], stringsAsFactors=FALSE); x$h <- paste(x$sample, x$stratum); x$p <- paste(x$h, x$psu)
dims <- c("access", "capability", "usage"); omega <- c(.2, .4, .4)

# levels of the rural people of the general sample and of farmers, each dimension and the whole
levels <- function(w, d) { m <- function(inside, v) { ok <- inside & is.finite(d[[v]]); sum(w[ok]*d[[v]][ok])/sum(w[ok]) }
  general <- d$sample == "general"
  unlist(lapply(list(general & d$area == "R", d$sample == "farmers"), function(g) { l <- sapply(dims, function(v) 100*m(g, v)/m(general, v)); c(l, sum(omega*l)) })) }
shown <- function(d) { r <- withReplicates(d, levels); list(est=as.numeric(coef(r)), se=as.numeric(SE(r)), df=degf(d)) }

sylvester <- function(k) if (k == 0) matrix(1) else { h <- sylvester(k - 1); rbind(cbind(h, h), cbind(h, -h)) }
design <- function(d, ...) svydesign(ids=~p, strata=~h, weights=~weight, data=d, nest=TRUE, ...)
first <- tapply(x$psu, x$h, function(v) sort(unique(v))[1:2]); two <- x[mapply(function(h, p) p %in% first[[h]], x$h, x$psu),]
two <- two[order(two$h, as.character(two$psu), method="radix"),]  # the first PSU of a stratum is the first by its text
big <- -sylvester(4)  # nine strata; R takes the first value it meets for the PSU it leaves out
general <- x[x$sample == "general",]
plain <- svydesign(ids=~p, weights=~weight, data=general)
one <- function(d) { r <- withReplicates(d, function(w, d) levels(w, d)[1:4]); list(est=as.numeric(coef(r)), se=as.numeric(SE(r)), df=degf(d)) }

# replicate weights of records that anybody can make again
n <- nrow(general); count <- 12
factor <- outer(seq_len(n), seq_len(count), function(i, b) 1 + .4*sin(i*b) + .1*cos(b))
given <- function(...) svrepdesign(weights=~weight, repweights=factor*general$weight, data=general, combined.weights=TRUE, ...)
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="replicates.R", data=basename(a[1]),
    rows="rural: access, capability, usage, overall; farmers: the same; supplied and jk1 are of the general sample, rural alone", factor="1 + .4 sin(i b) + .1 cos(b), record i and replicate b from 1 on"),
  jkn=shown(as.svrepdesign(design(x), type="JKn")), jkn_fpc=shown(as.svrepdesign(design(x, fpc=~fpc), type="JKn")), jk1=one(as.svrepdesign(plain, type="JK1")),
  brr=shown(as.svrepdesign(design(two), type="BRR", hadamard.matrix=big)), fay=shown(as.svrepdesign(design(two), type="Fay", fay.rho=.3, hadamard.matrix=big)),
  supplied=list(count=count, bootstrap=one(given(type="bootstrap")), jk1=one(given(type="JK1", scale=(count - 1)/count)), jkn=one(given(type="JKn", rscales=seq_len(count)/20, scale=1)),
    brr=one(given(type="BRR")), fay=one(given(type="Fay", rho=.3)), acs=one(given(type="ACS"))))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE), a[2])
