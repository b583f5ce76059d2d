# Four synthetic files in the shape in which Korea's digital divide survey is released: one per group, each with its own prefix.
# Nobody was asked: every record is drawn here.  Rscript nia_data.R FOLDER   (writes nia_general, nia_farmers, nia_disabled, nia_low_income .csv)
# Base R only.  A blank cell is the text " ", as released; 9998 don't know or no answer, 9999 not applicable.  Every person is a PSU.
a <- commandArgs(TRUE); if (length(a) != 1) stop("usage: Rscript nia_data.R FOLDER")
set.seed(20251101, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
NO <- 9998; NA_ <- 9999; ID <- "\uc751\ub2f5ID"

files <- list(   # age, sex, education, income, province under the names of the file; the last entry of `q` is the farm kind
  general=list(typ=1, n=160, q=c(age="ADQ1", sex="ADQ2", education="ADQ4", income="ADQ9", province="ADQ101"), at=c(1, 9, 14, 15, 17), w=4200, able=0, young=.16),
  farmers=list(typ=2, n=62, q=c(age="BDQ2", sex="BDQ3", education="BDQ4", income="BDQ9", province="BDQ101", kind="BDQ1"), at=c(10, 12, 14, 15, 16), w=1300, able=-.7, young=.03),
  disabled=list(typ=3, n=60, q=c(age="CDQ1", sex="CDQ2", education="CDQ7", income="CDQ15", province="CDQ161"), at=c(1, 2, 9, 13, 14), w=1700, able=-.5, young=.06),
  low_income=list(typ=4, n=58, q=c(age="DDQ1", sex="DDQ2", education="DDQ4", income="DDQ9", province="DDQ101"), at=c(1, 3, 9, 12, 17), w=2100, able=-.1, young=.12))
services <- c(paste0("Q12%s_", 1:4), paste0("Q13%s_", 1:5), paste0("Q14%s_", 1:5))
activities <- c(paste0("Q15%s_", 1:2), paste0("Q16%s_", 1:2), paste0("Q17%s_", 1:4), paste0("Q18%s_", 1:4))
half <- function(h) sprintf(c(services, activities), h)
devices <- c("Q1_1", "Q1_2", "Q2K1_1_1", "Q2K2_1"); pc <- paste0("Q6_", 1:7); mobile <- paste0("Q7_", 1:7)

answer <- function(able, easy) pmin(4, pmax(1, round(2.5 + able + easy + rnorm(length(able), 0, .6))))
yes <- function(p) ifelse(runif(length(p)) < p, 1, 2)
draw <- function(f) {
  n <- f$n; at <- sample(c(rep(f$at, each=5), sample(f$at, n - 5*length(f$at), TRUE, c(.35, .25, .2, .12, .08))))
  age <- sample(1:6, n, TRUE, c(f$young, .1, .13, .15, .16, .46 - f$young + .16))
  able <- f$able + .5 - c(.1, -.3, -.2, .1, .4, 1.1)[age] + rnorm(n, 0, .8)
  x <- data.frame(seq_len(n), f$typ, round(pmin(9000, pmax(500, f$w*exp(rnorm(n, 0, .55)))), 4)); names(x) <- c(ID, "TYP", "WT")
  own <- list(age=age, sex=sample(1:2, n, TRUE), education=pmin(4, pmax(1, round(2.7 + .6*able + rnorm(n, 0, .7)))), income=pmin(11, pmax(1, round(5 + 1.5*able + rnorm(n, 0, 2)))),
    province=at, kind=sample(1:2, n, TRUE, c(.9, .1)))
  for (k in names(f$q)) x[[f$q[[k]]]] <- own[[k]]
  x$Q1_1 <- yes(plogis(.4 + .8*able)); x$Q1_2 <- yes(plogis(-.3 + .8*able)); x$Q1_ET <- " "; x$Q2K1_1_1 <- yes(plogis(3.2 + .9*able)); x$Q2K2_1 <- yes(plogis(-1 + .6*able)); x$Q3 <- yes(plogis(3 + .8*able))
  for (k in pc) x[[k]] <- answer(able, runif(1, -.6, .1)); x$Q6_9998 <- " "; for (k in mobile) x[[k]] <- answer(able, runif(1, -.2, .5)); x$Q8_1 <- answer(able, 0)
  user <- runif(n) < plogis(2 + 1.1*able); x$Q10 <- ifelse(user, 1, sample(2:5, n, TRUE)); has_pc <- x$Q1_1 == 1 | x$Q1_2 == 1; no_pc <- user & !has_pc & runif(n) < .8
  for (s in c(services, activities)) { ease <- runif(1, -.6, .4) - .8*(s %in% activities); x[[sprintf(s, "A")]] <- answer(able, ease - .5); x[[sprintf(s, "B")]] <- answer(able, ease) }
  # Item nonresponse, 4 % of the cells of every question of the index but the one that routes; 9999 where there is no computer
  for (k in c(devices, "Q3", pc, mobile, half("A"), half("B"))) x[[k]][runif(n) < .04] <- NO
  x[no_pc, half("A")] <- NA_; x
}
data <- lapply(files, draw)
user <- function(g, k) which(data[[g]]$Q10 == 1 & data[[g]]$Q12A_1 != NA_)[k]
put <- function(g, row, columns, value) data[[g]][row, columns] <<- value
# Who answered a block not at all: in each file the k-th of the internet users who were asked about computers
put("general", user("general", 3), devices, NO); put("general", user("general", 5), pc, NO); put("general", user("general", 7), sprintf(rep(services, 2), rep(c("A", "B"), each=14)), NO)
put("general", user("general", 9), "Q10", NO)                                                         # whether asked is unknown: what is blank is missing
put("farmers", user("farmers", 2), mobile, NO); put("farmers", user("farmers", 4), "Q3", NO); put("farmers", user("farmers", 6), c(pc, mobile), NO)
put("disabled", user("disabled", 3), devices, NO); put("disabled", user("disabled", 5), sprintf(rep(activities, 2), rep(c("A", "B"), each=12)), NO)
put("low_income", user("low_income", 4), c(devices, "Q3", pc, mobile, "Q10"), NO)                     # nothing at all
# Halves: not applicable beside no answer scores 0; no answer beside an answer takes the answer; one not applicable, the other answered
t <- user("general", 11); put("general", t, c("Q1_1", "Q1_2"), 2); put("general", t, half("A"), NA_); put("general", t, c("Q12B_1", "Q13B_3", "Q15B_1"), NO); put("general", t, "Q12B_2", 3)
t <- user("general", 13); put("general", t, devices, c(1, 2, 2, 2)); put("general", t, half("B"), NA_); put("general", t, "Q14A_5", NO); put("general", t, "Q12A_1", 4)   # a computer and no mobile device
t <- user("general", 15); put("general", t, c("Q12A_1", "Q12A_2"), NO); put("general", t, "Q12B_1", 4); put("general", t, "Q12B_2", NO)
put("farmers", user("farmers", 8), devices, c(NO, 2, 2, NO)); put("disabled", user("disabled", 7), devices, c(NO, 1, NO, 2))  # `any` of those answered
for (g in names(data)) {
  x <- data[[g]]; asked <- x$Q10 == 1; x[!asked, c(half("A"), half("B"))] <- " "                      # not asked: the text " "
  t <- which(asked & x$Q12A_1 != NA_)[10]; x[t, c("Q13A_2", "Q13B_2", "Q14A_1", "Q17B_4")] <- " "     # asked, and blank all the same
  x[which(!asked)[2], "Q6_4"] <- " "; x[which(!asked)[1], "Q7_1"] <- NO
  x$Q6_9998 <- ifelse(rowSums(x[pc] == NO) > 0, "1", " "); x[[files[[g]]$q[["income"]]]][c(8, 21)] <- NO
  x$Q1_ET[c(4, 17)] <- c("\uc2a4\ub9c8\ud2b8\uc6cc\uce58", "\"\uac8c\uc784\uae30, 2\ub300\""); data[[g]] <- x
}
for (g in names(data)) { x <- data[[g]]; here <- table(x[[files[[g]]$q[["province"]]]])
  stopifnot(length(here) == 5, all(here >= 4), all(table(x[[files[[g]]$q[["sex"]]]]) > 10), all(x$WT >= 500 & x$WT <= 9000), sum(x$Q10 != 1) >= 4)
  x$WT <- sprintf("%.4f", x$WT); lines <- c(paste(names(x), collapse=","), do.call(paste, c(unname(lapply(x, as.character)), sep=",")))
  con <- file(file.path(a[1], sprintf("nia_%s.csv", g)), "wb"); writeLines(enc2utf8(lines), con, sep="\n", useBytes=TRUE); close(con) }
stopifnot(sum(sapply(data, function(x) sum(x$Q10 == NO))) == 2, sum(data$general$ADQ1 == 6) >= 40)
