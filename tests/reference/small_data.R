# A small two-sample survey for the reference values: a general sample and a separate sample of farmers.  Rscript small_data.R OUT.csv
# Base R only.  Stratum and PSU numbers start at 1 in both samples and PSU numbers start at 1 in every stratum,
# so a PSU is known by (sample, stratum, psu) and by nothing less.  Weights have 2 decimals, scores 3, blanks are empty cells.
a <- commandArgs(TRUE); if (length(a) != 1) stop("usage: Rscript small_data.R OUT.csv")
set.seed(20231101, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")

# Frame: PSUs taken and PSUs in the population of each stratum
frame <- rbind(data.frame(sample="general", stratum=1:6, taken=c(4, 5, 3, 6, 4, 5), fpc=c(21, 34, 17, 40, 26, 30)),
               data.frame(sample="farmers", stratum=1:3, taken=c(3, 4, 5), fpc=c(14, 19, 25)))
psus <- frame[rep(seq_len(nrow(frame)), frame$taken),]; psus$psu <- sequence(frame$taken); G <- psus$sample == "general"; K <- nrow(psus)
psus$size <- sample(8:14, K, replace=TRUE)                        # people interviewed; about 300 + 120 after the farmers' factor
psus$size[!G] <- sample(7:13, sum(!G), replace=TRUE)
# Share of rural people in the PSU: strata with even numbers are mostly rural, all PSUs are mixed
psus$rurality <- ifelse(G, ifelse(psus$stratum %% 2 == 0, .75, .15), .85) + runif(K, -.12, .12)
psus$region <- ifelse(G, c(1, 1, 2, 2, 3, 3)[psus$stratum], psus$stratum)
psus$region[G & psus$stratum == 3 & psus$psu == 2] <- 1            # regions cut across strata
psus$effect <- rnorm(K, 0, 5)                                      # cluster effect, shared by the three dimensions
psus$base <- runif(K, .7, 1.5)*ifelse(G, c(310, 240, 280, 190, 260, 205)[psus$stratum], c(62, 48, 55)[psus$stratum])

x <- psus[rep(seq_len(K), psus$size),]; n <- nrow(x); x$seq <- sequence(psus$size); G <- x$sample == "general"; x$id <- seq_len(n)
x$weight <- round(x$base*exp(rnorm(n, 0, .25)), 2)
x$age <- pmin(85, pmax(15, round(ifelse(G, rnorm(n, 47, 18), rnorm(n, 60, 12)))))
x$area <- ifelse(runif(n) < x$rurality, "R", "U")
# Region 4: eleven people of the general sample. Rural ones in one PSU only (domain df 0), urban ones in three PSUs of two strata (df 1)
r4 <- function(s, p, m, area) { i <- which(G & x$stratum == s & x$psu == p)[seq_len(m)]; x$region[i] <<- 4; x$area[i] <<- area }
r4(6, 1, 4, "R"); r4(5, 2, 3, "U"); r4(6, 2, 2, "U"); r4(6, 4, 2, "U")
r4f <- which(!G & x$stratum == 3 & x$psu == 2)[1:3]; x$region[r4f] <- 4
x$farm <- ifelse(G, as.integer(runif(n) < ifelse(x$area == "R", .24, .03)), 1L)

# Scores: one latent ability, lower in rural areas, among farmers and with age
rural <- as.numeric(x$area == "R"); old <- pmax(0, x$age - 35)
able <- x$effect + rnorm(n, 0, 9) - 14*rural - .45*old - 3*x$farm
clip <- function(v) pmin(100, pmax(0, round(v, 3)))
x$access <- clip(90 + .6*able + rnorm(n, 0, 7)); x$capability <- clip(76 + 1.0*able + rnorm(n, 0, 9)); x$usage <- clip(80 + .9*able + rnorm(n, 0, 8))
nonuser <- runif(n) < ifelse(x$age >= 65, .15, .01); x$usage[nonuser] <- 0        # a person who is no user scores zero, not blank
# Blanks: four people have none of the three, then about 3.5 % of each dimension, different people
none <- c(sample(which(G), 3), sample(which(!G), 1)); rest <- sample(setdiff(seq_len(n), none)); m <- round(.035*n)
dims <- c("access", "capability", "usage"); for (j in 1:3) x[c(none, rest[(j - 1)*m + seq_len(m)]), dims[j]] <- NA

psu_id <- paste(x$sample, x$stratum, x$psu); stratum_id <- paste(x$sample, x$stratum)
stopifnot(all(tapply(psu_id, stratum_id, function(v) length(unique(v))) >= 2), all(x$fpc > 2*x$taken),
          setequal(x$area, c("R", "U")), all(1:4 %in% x$region[G]), min(x$weight) > 0)
f3 <- function(v) ifelse(is.na(v), "", sprintf("%.3f", v))
out <- with(x, data.frame(id, sample, stratum, psu, fpc, weight=sprintf("%.2f", weight), region, area, farm, age, access=f3(access), capability=f3(capability), usage=f3(usage)))
write.table(out, a[1], sep=",", row.names=FALSE, quote=FALSE, eol="\n", fileEncoding="UTF-8")
