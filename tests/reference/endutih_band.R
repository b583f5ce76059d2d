# The nonresponse band of ENDUTIH 2021: levels by urban and rural under four treatments of item nonresponse, Taylor SEs by R survey.
# Rscript endutih_band.R hogar_jefe.csv endutih_band.json      access and usage as in the project's endutih.R, weights .5 and .5
# available            each dimension uses the households that have it; a mean is over the answers given
# complete             only households with both dimensions, in group and reference
# missing_as_zero      every missing answer (don't know or blank) of the seven items counts 0, so nothing is missing
# answered_everything  a mean is of the households that answered all its items (any of devices as before); each dimension its own households
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript endutih_band.R hogar_jefe.csv OUT.json")
x <- read.csv(a[1], fileEncoding="UTF-8-BOM"); names(x) <- toupper(names(x)); om <- c(access=.5, usage=.5); named <- function(v) setNames(v, v)
items <- c("P4_1_6", "P4_2_1", "P4_2_2", "P4_4", "P3_9_1", "P3_9_2", "P3_9_3")
yes <- function(v) ifelse(v == 1, 1, ifelse(v == 2, 0, NA)); y <- sapply(items, function(k) yes(x[[k]]))
score <- function(y, all=FALSE) { device <- suppressWarnings(apply(y[, 1:3], 1, max, na.rm=TRUE)); usage <- rowMeans(y[, 5:7], na.rm=!all)
  data.frame(access=.5*ifelse(is.finite(device), device, NA) + .5*y[, 4], usage=ifelse(is.nan(usage), NA, usage)) }
own <- score(y); zero <- y; zero[is.na(zero)] <- 0; everyone <- rep(TRUE, nrow(x))
treatments <- list(available=list(score=own, keep=everyone), complete=list(score=own, keep=complete.cases(own)),
  missing_as_zero=list(score=score(zero), keep=everyone), answered_everything=list(score=score(y, TRUE), keep=everyone))
d <- svydesign(ids=~UPM_DIS, strata=~EST_DIS, weights=~FAC_VIV, data=x, nest=TRUE)
level <- function(t, dv) {
  v <- list(); for (k in names(om)) { ok <- t$keep & !is.na(t$score[[k]]); s <- ifelse(ok, t$score[[k]], 0)
    v[[paste0("DY", k)]] <- dv*s; v[[paste0("D", k)]] <- dv*ok; v[[paste0("Y", k)]] <- s; v[[paste0("N", k)]] <- 1*ok }
  e <- d; e$variables <- as.data.frame(v); totals <- svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), e)
  one <- function(text) { s <- svycontrast(totals, parse(text=text)[[1]]); list(level=as.numeric(coef(s)), se=as.numeric(SE(s))) }
  r <- lapply(named(names(om)), function(k) one(sprintf("100*(DY%s/D%s)/(Y%s/N%s)", k, k, k, k)))
  r$weighted_ratios <- one(paste(sprintf("100*%.1f*(DY%s/D%s)/(Y%s/N%s)", om, names(om), names(om), names(om), names(om)), collapse="+"))
  who <- dv == 1 & t$keep; e <- d; e$variables$.keep <- who
  c(r, list(n=sum(who), n_with=lapply(named(names(om)), function(k) sum(who & !is.na(t$score[[k]]))), domain_df=as.integer(degf(subset(e, .keep)))))
}
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="endutih_band.R", data=basename(a[1]),
    n=nrow(x), design_df=as.integer(degf(d)), items=items, missing_items=as.list(colSums(is.na(y))), missing=lapply(own, function(v) sum(is.na(v))), dimension_weights=as.list(om), reference="everybody"),
  treatments=lapply(treatments, function(t) list(n=sum(t$keep), rural=level(t, as.numeric(x$DOMINIO == "R")), urban=level(t, as.numeric(x$DOMINIO == "U")))))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[2])
