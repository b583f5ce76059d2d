# Calibrated weights of the general sample of small.csv, and standard errors after calibration, by R survey.
# Rscript calibration_small.R small.csv calibration_small.json
# Needs MASS beside survey and jsonlite (survey's calibrate calls it): r-cran-mass in Debian.
# The population is the sample itself with other weights p, so that margins and crosses agree and can be reached.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript calibration_small.R small.csv OUT.json")
options(survey.lonely.psu="fail")
x <- read.csv(a[1], stringsAsFactors=FALSE); x <- x[x$sample == "general",]; n <- nrow(x)
x$class <- findInterval(x$age, c(35, 50, 65)); x$area_class <- paste(x$area, x$class); x$area_region <- paste(x$area, x$region)
p <- 1.03*x$weight*(1 + .15*sin(seq_len(n)))*ifelse(x$area == "R", 1.15, .92)*c(1.1, .95, .9, 1.2)[x$class + 1]
known <- is.finite(x$access); x$r <- as.numeric(known); x$y <- ifelse(known, x$access, 0); rural <- as.numeric(x$area == "R")
x$rr <- rural*x$r; x$ry <- rural*x$y; x$rural <- rural
des <- svydesign(ids=~psu, strata=~stratum, weights=~weight, data=x, nest=TRUE)
pop <- function(v) { t <- tapply(p, x[[v]], sum); d <- data.frame(names(t), as.numeric(t)); names(d) <- c(v, "Freq"); if (is.numeric(x[[v]])) d[[v]] <- as.numeric(d[[v]]); d }
vars <- c("area", "region", "class"); crosses <- c("area_class", "area_region")
margins <- lapply(setNames(c(vars, crosses), c(vars, crosses)), function(v) { d <- pop(v); list(label=as.character(d[[v]]), total=d$Freq) })

# after calibration: the mean age, the rural level of access and the number of rural people with a score
after <- function(d) { t <- svytotal(~age + ry + rr + y + r, d); m <- svymean(~age, d)
  s <- svycontrast(t, list(level=quote(100*(ry/rr)/(y/r)))); list(weights=as.numeric(weights(d)), mean_age=c(coef(m), SE(m)), level=c(coef(s), SE(s)), rural=c(coef(t)[["rr"]], SE(t)[["rr"]])) }
flat <- function(l) lapply(l, function(v) as.numeric(v))
totals <- function(f) colSums(model.matrix(f, x)*p)
cut <- c(.87, 1.36)
f <- ~area + factor(region) + factor(class); fc <- ~area_class + area_region; fg <- ~area + factor(class) + age
cal <- function(f, ...) flat(after(calibrate(des, f, population=totals(f), epsilon=1e-13, maxit=500, ...)))
rk <- rake(des, lapply(vars, function(v) as.formula(paste("~", v))), lapply(vars, pop), control=list(maxit=5000, epsilon=1e-14, verbose=FALSE))
lin <- calibrate(des, f, population=totals(f), calfun="linear"); w <- as.numeric(weights(lin)); med <- median(w)
low <- .55*med; high <- 1.5*med
strict <- trimWeights(lin, lower=low, upper=high, strict=TRUE); once <- trimWeights(lin, lower=low, upper=high, strict=FALSE)
wide <- c(.4, 2.5)*med; tr <- trimWeights(lin, lower=wide[1], upper=wide[2], strict=TRUE); base <- x; base$weight <- as.numeric(weights(tr))
again <- svydesign(ids=~psu, strata=~stratum, weights=~weight, data=base, nest=TRUE)
back <- function(k) as.numeric(weights(calibrate(again, f, population=totals(f), calfun=k, bounds=wide, bounds.const=TRUE, epsilon=1e-12, maxit=500)))
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="calibration_small.R", data=basename(a[1]),
    n=n, classes="age cut at 35, 50, 65", population="1.03 w (1 + .15 sin(row)) (1.15 if rural, .92 if not) (1.1, .95, .9, 1.2 by class), row = 1, 2, ...", pairs="estimate, standard error; rural is the weighted number of rural people with a score of access"),
  margins=margins, total_age=sum(p*x$age),
  linear=cal(f, calfun="linear"), raking=cal(f, calfun="raking"), logit=cal(f, calfun="logit", bounds=c(.6, 1.6)), linear_bounded=cal(f, calfun="linear", bounds=cut),
  raking_bounded=cal(f, calfun="raking", bounds=cut), crosses=cal(fc, calfun="raking"), regression=cal(fg, calfun="linear"), regression_raking=cal(fg, calfun="raking"), regression_logit=cal(fg, calfun="logit", bounds=c(.5, 1.8)),
  rake=list(weights=as.numeric(weights(rk))), post_stratified=flat(after(postStratify(des, ~area_class, pop("area_class")))),
  trim=list(lower=low, upper=high, strict=as.numeric(weights(strict)), once=as.numeric(weights(once))),
  trim_calibrated=list(lower=wide[1], upper=wide[2], linear=back("linear"), raking=back("raking")))
stopifnot(max(abs(range(R$linear_bounded$weights/x$weight) - cut)) < 1e-12)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE), a[2])
