# The surveys of three years in one file: a general sample and a separate sample of farmers.  Rscript years_data.R OUT.csv
# Base R only.  PSUs of some strata are the same in all years; of the others a third is new each year. About half of the people of a PSU
# that stays are asked again, under the same id and in the same stratum. Stratum numbers start at 1 in both samples, PSU numbers in every stratum.
# Region 4 has nobody in 2024. Weights have 2 decimals, scores 3, blanks are empty cells.
a <- commandArgs(TRUE); if (length(a) != 1) stop("usage: Rscript years_data.R OUT.csv")
set.seed(20251203, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
years <- 2023:2025

# Frame: PSUs taken each year, how many of them are new each year, PSUs in the population
frame <- rbind(data.frame(sample="general", stratum=1:4, taken=c(3, 4, 6, 3), fresh=c(0, 0, 2, 1), fpc=c(19, 23, 41, 26)),
               data.frame(sample="farmers", stratum=1:2, taken=c(3, 3), fresh=c(0, 1), fpc=c(17, 15)))
everyone <- list(); people <- 0
for (h in seq_len(nrow(frame))) { f <- frame[h,]; general <- f$sample == "general"
  for (p in seq_len(f$taken + 2*f$fresh)) {                       # PSU p is surveyed in the years whose window holds it
    inside <- which(p > (0:2)*f$fresh & p <= (0:2)*f$fresh + f$taken)
    effect <- rnorm(1, 0, 2); base <- runif(1, .7, 1.5)*ifelse(general, c(310, 240, 280, 190)[f$stratum], c(62, 48)[f$stratum])
    size <- sample(8:11, 1); rurality <- ifelse(general, ifelse(f$stratum %% 2 == 0, .75, .2), .85) + runif(1, -.12, .12)
    stay <- NULL
    for (t in inside) {
      n <- size - NROW(stay); new <- data.frame(id=people + seq_len(n), born=2024 - pmin(85, pmax(15, round(if (general) rnorm(n, 47, 18) else rnorm(n, 60, 12)))),
        area=ifelse(runif(n) < rurality, "R", "U"), able=effect + rnorm(n, 0, 6)); people <- people + n
      new$farm <- if (general) as.integer(runif(n) < ifelse(new$area == "R", .3, .06)) else 1L
      now <- rbind(stay, new)
      everyone[[length(everyone) + 1]] <- with(now, data.frame(id, year=years[t], sample=f$sample, stratum=f$stratum, psu=p, fpc=f$fpc,
        weight=round(base*exp(rnorm(size, 0, .25)), 2), region=c(1, 2, 3, 1)[f$stratum], area, farm, age=years[t] - born, able))
      stay <- now[sort(sample(size, size %/% 2)),]
    } } }
x <- do.call(rbind, everyone); x <- x[order(x$year, match(x$sample, c("general", "farmers")), x$stratum, x$psu, x$id),]; n <- nrow(x); G <- x$sample == "general"
x$region[G & x$stratum == 3 & x$psu %% 2 == 0] <- 2                # regions cut across strata
four <- G & x$stratum %in% 3:4 & x$year != 2024 & runif(n) < .3; x$region[four] <- 4

# Scores: rural and old people and farmers are behind, and catch up
rural <- as.numeric(x$area == "R"); old <- pmax(0, x$age - 35); t <- x$year - 2023
able <- x$able + rnorm(n, 0, 4) - (16 - 5*t)*rural - .45*old - (16 - 8*t)*x$farm + t
clip <- function(v) pmin(100, pmax(0, round(v, 3)))
x$access <- clip(88 + .6*able + rnorm(n, 0, 7)); x$capability <- clip(72 + able + rnorm(n, 0, 9)); x$usage <- clip(76 + .9*able + rnorm(n, 0, 8))
x$usage[runif(n) < ifelse(x$age >= 65, .12, .01)] <- 0             # a person who is no user scores zero, not blank
dims <- c("access", "capability", "usage"); for (k in dims) x[[k]][sample(n, round(.035*n))] <- NA; x[sample(n, 4), dims] <- NA

unit <- paste(x$sample, x$stratum, x$psu); both <- function(v, s, u) length(intersect(v[x$year == s], v[x$year == u]))
stopifnot(!anyDuplicated(x[c("year", "id")]), both(unit, 2023, 2024) > 15, both(unit, 2023, 2025) < both(unit, 2023, 2024), both(x$id, 2023, 2024) > 60,
          table(x$region, x$year)["4", "2024"] == 0, all(table(x$region[G], x$year[G])[-4,] > 5), min(x$weight) > 0)
f3 <- function(v) ifelse(is.na(v), "", sprintf("%.3f", v))
out <- with(x, data.frame(id, year, sample, stratum, psu, fpc, weight=sprintf("%.2f", weight), region, area, farm, age, access=f3(access), capability=f3(capability), usage=f3(usage)))
write.table(out, a[1], sep=",", row.names=FALSE, quote=FALSE, eol="\n", fileEncoding="UTF-8")
