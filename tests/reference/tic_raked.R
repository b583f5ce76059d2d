# Levels of rural and urban residents of TIC Domicílios 2016 after its weights are calibrated to their own region x area and age
# totals, which changes no weight and every error; by R survey. Scores as in tic_band.R, available cases.
# Rscript tic_raked.R individuos.csv domicilios.csv tic_raked.json   (needs r-cran-mass too: survey's calibrate calls it)
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 3) stop("usage: Rscript tic_raked.R individuos.csv domicilios.csv OUT.json")
read <- function(f) { x <- read.csv2(f, stringsAsFactors=FALSE); names(x) <- toupper(names(x)); x }
p <- read(a[1]); h <- read(a[2]); om <- c(access=.2, capability=.4, usage=.4)
stopifnot(!anyDuplicated(h$ID_DOMICILIO), all(p$ID_DOMICILIO %in% h$ID_DOMICILIO)); h <- h[match(p$ID_DOMICILIO, h$ID_DOMICILIO), ]
answer <- function(v) { v <- as.numeric(v); ifelse(v == 99, 0, ifelse(v %in% c(97, 98), NA, v)) }
cols <- function(x, k) sapply(k, function(n) answer(x[[n]]))
any0 <- function(m) { r <- suppressWarnings(apply(m, 1, max, na.rm=TRUE)); ifelse(is.finite(r), r, NA) }
mean0 <- function(m) { r <- rowMeans(m, na.rm=TRUE); ifelse(is.nan(r), NA, r) }
acts <- cols(p, c(paste0("C7_", LETTERS[1:6]), paste0("C8_", LETTERS[1:8]), paste0("C9_", LETTERS[1:4]), paste0("C10_", LETTERS[1:6]), paste0("C11_", LETTERS[1:3])))
x <- data.frame(w=p$PESO, stratum=p$ESTRATO, psu=p$UPA, place=paste(h$COD_REGIAO, h$AREA), age=p$FAIXA_ETARIA,
  access=.5*any0(cbind(cols(h, c("A1_A", "A1_B", "A1_C")), cols(p, "J5"))) + .5*cols(h, "A4")[, 1], capability=mean0(cols(p, paste0("I1_", LETTERS[1:9]))),
  usage=.4*(p$C3 == 1) + .6*mean0(acts))
for (k in names(om)) { x[[paste0("N", k)]] <- 1*!is.na(x[[k]]); x[[paste0("Y", k)]] <- ifelse(is.na(x[[k]]), 0, x[[k]]) }
for (g in 1:2) for (k in names(om)) { x[[paste0("N", g, k)]] <- x[[paste0("N", k)]]*(h$AREA == g); x[[paste0("Y", g, k)]] <- x[[paste0("Y", k)]]*(h$AREA == g) }
x$age <- factor(x$age); x$place <- factor(x$place)
stopifnot(nlevels(x$place) == 10, nlevels(x$age) > 4)
plain <- svydesign(ids=~psu, strata=~stratum, weights=~w, data=x, nest=TRUE)
f <- ~place + age; own <- colSums(model.matrix(f, x)*x$w)
raked <- calibrate(plain, f, population=own, calfun="raking", epsilon=1e-12, maxit=100)
stopifnot(max(abs(weights(raked)/x$w - 1)) < 1e-9)
level <- function(d, g) { v <- c(outer(c("N", "Y", paste0("N", g), paste0("Y", g)), names(om), paste0)); t <- svytotal(as.formula(paste("~", paste(v, collapse="+"))), d)
  one <- function(text) { s <- svycontrast(t, parse(text=text)[[1]]); c(as.numeric(coef(s)), as.numeric(SE(s))) }
  ratio <- function(k) sprintf("100*(Y%d%s/N%d%s)/(Y%s/N%s)", g, k, g, k, k, k)
  c(lapply(setNames(names(om), names(om)), function(k) one(ratio(k))), list(overall=one(paste(sprintf("%.1f*(%s)", om, sapply(names(om), ratio)), collapse="+")))) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="tic_raked.R", data=basename(a[1:2]), pairs="level, standard error"),
  as_given=list(urban=level(plain, 1), rural=level(plain, 2)), raked=list(urban=level(raked, 1), rural=level(raked, 2)))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE), a[3])
