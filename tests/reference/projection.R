# Projections of published levels by lm and predict, and their back-test. Base R.
# Rscript projection.R published_levels.csv projection.json
# A fit on the years, projected by predict(interval = "prediction") with the larger of two scales: the residual standard error, with its n - 2 degrees of freedom,
# and the standard error s of a published level, which is known (normal). Logit and gap closing are fitted on their own scale, where s becomes s/D, D = |dy/d eta| at
# the projected level; half the width of their interval comes back times D.
suppressMessages(library(jsonlite))
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript projection.R published_levels.csv OUT.json")
x <- read.csv(a[1]); x <- x[x$dimension == "overall", ]
levels_of <- function(group, first, last) { d <- x[x$group == group & x$year >= first & x$year <= last, c("year", "level_pct")]; names(d) <- c("year", "y"); d[order(d$year), ] }
model <- list(
  linear=list(to=function(y) y, back=function(e) e, D=function(e) 1),
  logit=list(to=function(y) qlogis(y/100), back=function(e) 100*plogis(e), D=function(e) 100*dlogis(e)),
  gap_closing=list(to=function(y) log(100 - y), back=function(e) 100 - exp(e), D=function(e) exp(e)))
project <- function(d, name, year, s, level=.95) { m <- model[[name]]; d$e <- m$to(d$y); f <- lm(e ~ year, d); nd <- data.frame(year=year)
  D <- m$D(predict(f, nd)[[1]]); sigma <- summary(f)$sigma; own <- sigma > s/D; df <- if (own) f$df.residual else Inf
  p <- predict(f, nd, se.fit=TRUE, interval="prediction", scale=max(sigma, s/D), df=df, level=level)
  half <- D*(p$fit[1, "upr"] - p$fit[1, "fit"]); sd <- half/qt((1 + level)/2, df); value <- m$back(p$fit[1, "fit"])
  list(value=value, variance=sd^2, df=if (own) df else 0, low=value - half, high=value + half, reaching=pt((value - 83)/sd, df)) }
# R's own interval, with nothing of ours in it
plain <- function(d, year) { p <- predict(lm(y ~ year, d), data.frame(year=year), interval="prediction"); list(low=p[1, "lwr"], high=p[1, "upr"]) }

cases <- expand.grid(h=1:3, s=c(.001, .714), first=c(2020, 2022, 2023), group=c("farmers_fishers", "low_income"), model=names(model), stringsAsFactors=FALSE)
rows <- lapply(seq_len(nrow(cases)), function(i) { k <- cases[i, ]; c(as.list(k), project(levels_of(k$group, k$first, 2025), k$model, 2025 + k$h, k$s)) })
intervals <- lapply(1:3, function(h) c(list(h=h, first=2020, group="farmers_fishers"), plain(levels_of("farmers_fishers", 2020, 2025), 2025 + h)))

groups <- c("disabled", "older_adults", "low_income", "farmers_fishers")
other <- list(no_change=function(d, h) tail(d$y, 1), drift2=function(d, h) { n <- nrow(d); d$y[n] + h/2*(d$y[n] - d$y[n - 2]) })
back_test <- function(name, first, last, points, s) do.call(rbind, lapply(1:3, function(h) { k <- expand.grid(g=groups, o=first:last, stringsAsFactors=FALSE)
  k <- k[k$o >= first + points - 1 & k$o + h <= last, ]
  each <- lapply(seq_len(nrow(k)), function(i) { d <- levels_of(k$g[i], first, k$o[i]); y <- levels_of(k$g[i], k$o[i] + h, k$o[i] + h)$y
    p <- if (name %in% names(model)) project(d, name, k$o[i] + h, s) else list(value=other[[name]](d, h), low=NA, high=NA)
    c(abs(p$value - y), p$low <= y && y <= p$high) })
  data.frame(model=name, first=first, last=last, points=points, s=s, h=h, mae=if (nrow(k)) mean(sapply(each, "[", 1)) else NA, forecasts=nrow(k),
    origins=length(unique(k$o)), coverage=if (nrow(k)) mean(sapply(each, "[", 2)) else NA) }))
tests <- rbind(do.call(rbind, lapply(c("no_change", "drift2", names(model)), back_test, 2020, 2025, 3, .1)), do.call(rbind, lapply(names(model), back_test, 2020, 2025, 4, .02)),
  do.call(rbind, lapply(c("no_change", "drift2", "linear"), back_test, 2016, 2025, 5, .1)))
table_of <- function(rows) do.call(rbind, lapply(rows, as.data.frame))
R <- list(meta=list(R=R.version.string, jsonlite=as.character(packageVersion("jsonlite")), script="projection.R", data=basename(a[1]), measure="overall", level=83,
  df="0: normal", confidence=.95), projections=table_of(rows), predict_intervals=table_of(intervals), back_tests=tests)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null", dataframe="columns"), a[2])
