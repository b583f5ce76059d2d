# The nonresponse band of TIC Domicílios 2016: levels of rural and urban residents under four treatments of item nonresponse, and by education and
# class under the first, from the two raw files; Taylor SEs by R survey. Rscript tic_band.R individuos.csv domicilios.csv tic_band.json
# access = .5 any(desktop, laptop, tablet, own mobile) + .5 household internet; capability = mean of 9 skills; usage = .4 used in the last 3 months +
# .6 mean of 27 activities; 99 (not asked) is 0; 97, 98 are missing; weights .2, .4, .4; reference = everybody. Treatments as in endutih_band.R.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 3) stop("usage: Rscript tic_band.R individuos.csv domicilios.csv OUT.json")
read <- function(f) { x <- read.csv2(f, stringsAsFactors=FALSE); names(x) <- toupper(names(x)); x }
p <- read(a[1]); h <- read(a[2]); om <- c(access=.2, capability=.4, usage=.4); named <- function(v) setNames(v, v)
stopifnot(!anyDuplicated(h$ID_DOMICILIO), all(p$ID_DOMICILIO %in% h$ID_DOMICILIO)); h <- h[match(p$ID_DOMICILIO, h$ID_DOMICILIO), ]
answer <- function(v) { v <- as.numeric(v); ifelse(v == 99, 0, ifelse(v %in% c(97, 98), NA, v)) }
cols <- function(x, k) sapply(k, function(n) answer(x[[n]]))
device <- cbind(cols(h, c("A1_A", "A1_B", "A1_C")), cols(p, "J5")); internet <- cols(h, "A4"); skills <- cols(p, paste0("I1_", LETTERS[1:9]))
used <- as.numeric(p$C3 == 1); acts <- cols(p, c(paste0("C7_", LETTERS[1:6]), paste0("C8_", LETTERS[1:8]), paste0("C9_", LETTERS[1:4]), paste0("C10_", LETTERS[1:6]), paste0("C11_", LETTERS[1:3])))
mean0 <- function(m, all) { r <- rowMeans(m, na.rm=!all); ifelse(is.nan(r), NA, r) }
any0 <- function(m) { r <- suppressWarnings(apply(m, 1, max, na.rm=TRUE)); ifelse(is.finite(r), r, NA) }
score <- function(z, all=FALSE) { g <- function(m) { if (z) m[is.na(m)] <- 0; m }
  data.frame(access=.5*any0(g(device)) + .5*g(internet)[, 1], capability=mean0(g(skills), all), usage=.4*used + .6*mean0(g(acts), all)) }
own <- score(FALSE); everyone <- rep(TRUE, nrow(p))
treatments <- list(available=list(score=own, keep=everyone), complete=list(score=own, keep=complete.cases(own)),
  missing_as_zero=list(score=score(TRUE), keep=everyone), answered_everything=list(score=score(FALSE, TRUE), keep=everyone))
x <- data.frame(w=p$PESO, stratum=p$ESTRATO, psu=p$UPA); d <- svydesign(ids=~psu, strata=~stratum, weights=~w, data=x, nest=TRUE)
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
by <- function(v) lapply(named(sort(unique(v))), function(k) level(treatments$available, as.numeric(v == k)))
education <- c("none", "primary", "secondary", "tertiary")[findInterval(p$GRAU_INSTRUCAO, c(1, 5, 9, 11))]
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="tic_band.R", data=basename(a[1:2]), n=nrow(p), design_df=as.integer(degf(d)), dimension_weights=as.list(om), reference="everybody"),
  treatments=lapply(treatments, function(t) list(n=sum(t$keep), rural=level(t, as.numeric(h$AREA == 2)), urban=level(t, as.numeric(h$AREA == 1)))),
  education=by(education), class=by(as.character(h$CLASSE_CB2015)))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[3])
