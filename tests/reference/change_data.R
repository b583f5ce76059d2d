# The surveys of three years in one file, with eight regions, what people may differ in, and PSUs that partly stay.  Rscript change_data.R OUT.csv
# Base R only. A general sample, the reference, and a separate sample of farmers; stratum numbers start at 1 in both, PSU numbers in every stratum. Regions
# lie two to a stratum; one PSU of each is new every year. Regions that were behind catch up; schooling rises, and what it is worth in scores falls.
a <- commandArgs(TRUE); if (length(a) != 1) stop("usage: Rscript change_data.R OUT.csv")
set.seed(20251208, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
years <- 2023:2025; behind <- c(0, 4, 8, 12, 16, 20, 24, 28); parts <- list()
for (s in c("general", "farmers")) for (h in seq_len(if (s == "general") 4 else 2)) for (j in seq_len(if (s == "general") 2 else 1)) for (p in 1:(if (s == "general") 6 else 6)) {
  psu <- 10*j + p; inside <- if (p <= 2) 1:3 else which(p - 2 == c(1, 2, 3)); if (s == "farmers") inside <- if (p <= 3) 1:3 else which(p - 3 == c(1, 2, 3))
  effect <- rnorm(1, 0, 1.5); base <- runif(1, .7, 1.5)*ifelse(s == "general", 300, 60)
  for (t in inside) { n <- sample(11:14, 1); region <- if (s == "general") rep(2*(h - 1) + j, n) else sample(8, n, TRUE); k <- t - 1
    age <- pmin(88, pmax(18, round(rnorm(n, if (s == "general") 48 else 61, 15)))); sex <- sample(2, n, TRUE)
    education <- pmin(3, pmax(1, round(2.3 - .014*(age - 45) + .12*k - .35*(s == "farmers") + rnorm(n, 0, .6))))
    area <- ifelse(runif(n) < (if (s == "general") .12 + .04*region else .8), "R", "U")
    income <- round(pmax(.1, 2.2 + .9*education - .012*age + .2*k + rnorm(n, 0, 1.1)), 1)
    able <- effect - behind[region]*(1 - .18*k) - .22*(age - 45) + (7 - k)*(education - 2) + 1.2*income - 3*(area == "R") - (9 - 3*k)*(s == "farmers") + 1.5*k + rnorm(n, 0, 5)
    parts[[length(parts) + 1]] <- data.frame(year=years[t], sample=s, stratum=h, psu, weight=round(base*exp(rnorm(n, 0, .25)), 2), region, area, sex, age, education, income,
      access=84 + .5*able + rnorm(n, 0, 6), capability=64 + able + rnorm(n, 0, 8), usage=68 + .9*able + rnorm(n, 0, 7)) } }
x <- do.call(rbind, parts); x <- x[order(x$year, match(x$sample, c("general", "farmers")), x$stratum, x$psu),]; n <- nrow(x); x$id <- seq_len(n)
dims <- c("access", "capability", "usage"); for (k in dims) { x[[k]] <- round(pmin(100, pmax(1, x[[k]])), 2); x[[k]][sample(n, 15)] <- NA }
x$education[sample(n, 12)] <- NA; x$income[sample(n, 14)] <- NA
stopifnot(all(table(x$year, x$sample, x$education) > 0), all(table(x$year[x$sample == "general"], x$region[x$sample == "general"]) > 20))
f <- function(v, form) ifelse(is.na(v), "", sprintf(form, v))
out <- with(x, data.frame(id, year, sample, stratum, psu, weight=sprintf("%.2f", weight), region, area, sex, age, education=f(education, "%.0f"), income=f(income, "%.1f"),
  access=f(access, "%.2f"), capability=f(capability, "%.2f"), usage=f(usage, "%.2f")))
write.table(out, a[1], sep=",", row.names=FALSE, quote=FALSE, eol="\n", fileEncoding="UTF-8")
