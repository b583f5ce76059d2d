# A synthetic survey of two samples: the general public (2 strata of 80 PSUs) and farmers (1 stratum of 60 PSUs). Nobody was asked.
# Rscript two_samples_data.R two_samples.csv
# Rural people are older and less schooled, scores follow age, schooling, income, and occupation, and PSUs differ beyond that. PSU numbers start at 1 in every
# stratum. PSUs are many and small, and hold urban and rural people: then a jackknife and a linearisation differ by less than 1 %.
a <- commandArgs(TRUE); if (length(a) != 1) stop("usage: Rscript two_samples_data.R OUT.csv")
set.seed(20250717, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
clip <- function(v, low, high) pmin(high, pmax(low, v))
people <- function(sample, stratum, psu, n) {
  farmers <- sample == "farmers"; region <- 1 + (psu + stratum) %% 3
  area <- if (farmers) rep("R", n) else ifelse(runif(n) < .45, "R", "U"); rural <- area == "R"
  age <- round(clip(rnorm(n, if (farmers) 60 else ifelse(rural, 53, 45), 15), 15, 92))
  education <- clip(round(2.2 - .022*(age - 48) - .25*rural + rnorm(n, 0, .6)), 1, 3)
  income <- round(exp(.9 + .25*education - .004*(age - 45) + rnorm(n, 0, .4)), 1)                # million won a month
  odds <- cbind(farm=.15 + .6*rural, office=.5*education, service=1, none=.25 + .02*age)
  occupation <- if (farmers) rep("farm", n) else colnames(odds)[apply(odds, 1, function(p) sample.int(4, 1, prob=p))]
  mean <- 60 - .3*(age - 48) + 6*(education - 2) + 1.5*(income - 4) - 4*(occupation == "none") - 3*(occupation == "farm") - 3*rural - region + rnorm(1, 0, 1.5)
  score <- function(shift, slope) round(clip(mean*slope + shift + rnorm(n, 0, 8), 0, 100))
  weight <- round(runif(n, .6, 1.4)*(if (farmers) 40 else ifelse(rural, 800, 1100)))
  data.frame(sample, stratum, psu, weight, region, area, sex=sample(1:2, n, TRUE), age, education, income, occupation, access=score(18, .9), capability=score(-4, 1.05), usage=score(-8, 1)) }
x <- do.call(rbind, c(
  lapply(1:2, function(h) do.call(rbind, lapply(1:80, function(k) people("general", h, k, 6 + k %% 2)))),
  list(do.call(rbind, lapply(1:60, function(k) people("farmers", 1, k, 4))))))
n <- nrow(x); lost <- function(share) runif(n) < share
x$occupation[lost(.03)] <- ""                                                          # of the farmers too: it is none of their factors
x$education[lost(.02)] <- 9                                                            # does not know
x$income[lost(.04)] <- NA
for (d in c("access", "capability", "usage")) x[[d]][lost(.015)] <- NA
write.csv(cbind(id=seq_len(n), x), a[1], row.names=FALSE, na="", quote=FALSE)
