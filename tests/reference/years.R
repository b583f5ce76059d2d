# Levels of three years, their changes and trends, on years.csv, with Taylor standard errors from R survey.
# Rscript years.R years.csv published_levels.csv OUT.json
# Every estimate is an expression in totals of the stacked file, each year an indicator: svytotal of the pieces, then svycontrast.
# What the years share is said by the design alone: the year as the outermost stratum (independent), PSUs of one name in one stratum (shared),
# people of one id in one stratum (panel).
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 3) stop("usage: Rscript years.R years.csv published_levels.csv OUT.json")
options(survey.lonely.psu="fail", survey.adjust.domain.lonely=FALSE)
x <- read.csv(a[1], stringsAsFactors=FALSE); published <- read.csv(a[2], stringsAsFactors=FALSE)
dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4); years <- 2023:2025
measures <- c(dims, "weighted_ratios", "ratio_of_composites"); spans <- list(c(2023, 2024), c(2024, 2025), c(2023, 2025))
named <- function(v) setNames(v, v)
span <- function(s) paste(s, collapse="-")
populations <- c("rural", "urban", "farm", "farmers", "old"); cells <- c(populations, paste0("region", 1:4))
groups <- function(x) { G <- x$sample == "general"; c(list(rural=G & x$area == "R", urban=G & x$area == "U", farm=G & x$farm == 1, farmers=!G, old=G & x$age >= 65),
  setNames(lapply(1:4, function(r) G & x$region == r), paste0("region", 1:4))) }

independent <- function(x, ...) svydesign(ids=~psu, strata=~interaction(year, sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE, ...)
shared <- function(x, ...) svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE, ...)
panel <- function(x) svydesign(ids=~id, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE)

# The pieces of each year: DY, D of each group, Y, N of the reference, M members of the group; availability sits inside all but M
prepare <- function(d) { x <- d$variables; g <- groups(x); v <- list()
  for (t in years) { now <- x$year == t
    for (k in dims) { ok <- now & !is.na(x[[k]]); y <- ifelse(ok, x[[k]], 0); ref <- x$sample == "general"
      v[[sprintf("Y_%s_%d", k, t)]] <- ref*y; v[[sprintf("N_%s_%d", k, t)]] <- as.numeric(ref & ok)
      for (i in cells) { v[[sprintf("DY_%s_%s_%d", k, i, t)]] <- g[[i]]*y; v[[sprintf("D_%s_%s_%d", k, i, t)]] <- as.numeric(g[[i]] & ok) } }
    for (i in cells) v[[sprintf("M_%s_%d", i, t)]] <- as.numeric(g[[i]] & now) }
  d$variables <- cbind(x, as.data.frame(v)); totals <- svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), d)
  list(design=d, groups=g, totals=totals, present=function(i, t) sum(g[[i]] & x$year == t) > 0) }
ratio <- function(k, i, t) sprintf("(DY_%s_%s_%d/D_%s_%s_%d)", k, i, t, k, i, t)
refer <- function(k, t) sprintf("(Y_%s_%d/N_%s_%d)", k, t, k, t)
level_of <- function(m, i, t) {
  if (m %in% dims) sprintf("100*%s/%s", ratio(m, i, t), refer(m, t))
  else if (m == "weighted_ratios") paste(sprintf("100*%.1f*%s/%s", om, ratio(dims, i, t), refer(dims, t)), collapse="+")
  else sprintf("100*(%s)/(%s)", paste(sprintf("%.1f*%s", om, ratio(dims, i, t)), collapse="+"), paste(sprintf("%.1f*%s", om, refer(dims, t)), collapse="+")) }
# Averages of groups that overlap and share one denominator: weighted by given totals, or by the estimated number of members
who <- c("farmers", "rural", "old", "farm"); given <- c(farmers=1500000, rural=2500000, old=9000000, farm=800000)
expression_of <- function(m, i, t) {
  if (i == "average_given") sprintf("(%s)/%.17g", paste(sprintf("%.17g*(%s)", given, sapply(who, function(j) level_of(m, j, t))), collapse="+"), sum(given))
  else if (i == "average_estimated") sprintf("(%s)/(%s)", paste(sprintf("M_%s_%d*(%s)", who, t, sapply(who, function(j) level_of(m, j, t))), collapse="+"), paste(sprintf("M_%s_%d", who, t), collapse="+"))
  else level_of(m, i, t) }
contrast <- function(p, text) { e <- parse(text=text)[[1]]; n <- all.vars(e); s <- p$totals
  s <- structure(coef(s)[n], var=as.matrix(vcov(s))[n, n], statistic="total", class="svystat"); s <- svycontrast(s, e)
  list(estimate=as.numeric(coef(s)), se=as.numeric(SE(s))) }

one <- function(p, m, i) {
  there <- years[sapply(years, function(t) i %in% c("average_given", "average_estimated") || p$present(i, t))]; text <- sapply(as.character(there), function(t) expression_of(m, i, as.integer(t)))
  r <- list(levels=lapply(text, function(e) contrast(p, e)))
  r$changes <- list(); for (s in spans) if (all(s %in% there)) r$changes[[span(s)]] <- contrast(p, sprintf("(%s)-(%s)", text[[as.character(s[2])]], text[[as.character(s[1])]]))
  if (length(there) >= 3) r$trend <- trend(p, there, text, r$levels)
  r }
# Weighted least squares: the slope by lm; its error by svycontrast of the same slope, a sum of levels with fixed coefficients
trend <- function(p, t, text, levels) { y <- sapply(levels, `[[`, "estimate"); se <- sapply(levels, `[[`, "se"); t <- as.numeric(t)
  fit <- lm(y ~ t, weights=1/se^2); X <- cbind(1, t - 2024); W <- diag(1/se^2); load <- solve(t(X) %*% W %*% X, t(X) %*% W)[2,]
  s <- contrast(p, paste(sprintf("(%.17g)*(%s)", load, text), collapse="+")); slope <- as.numeric(coef(fit)[2]); stopifnot(abs(s$estimate - slope) < 1e-9)
  list(estimate=slope, se=s$se, scatter=sqrt(sum(residuals(fit)^2)/(length(t) - 2))) }
block <- function(d, which=c(cells, "average_given", "average_estimated"), of=measures) { p <- prepare(d)
  lapply(named(which), function(i) lapply(named(of), function(m) one(p, m, i))) }

# The printed table: p-values by t with the smaller df of the years, df of a cell the smaller of its own and the reference's, Holm over all that is tested
family <- function(d, r) { p <- prepare(d); x <- d$variables; ref <- x$sample == "general"
  degrees <- function(keep) { e <- d; e$variables$.keep <- keep; as.integer(degf(subset(e, .keep))) }
  has <- c(lapply(named(dims), function(k) !is.na(x[[k]])), list(weighted_ratios=rowSums(!is.na(x[dims])) > 0))
  df <- function(i, m, t) { each <- if (i == "average_given") who else i; min(sapply(each, function(j) degrees(p$groups[[j]] & has[[m]] & x$year == t)), degrees(ref & has[[m]] & x$year == t)) }
  rows <- list(); trends <- list()
  for (i in c("average_given", cells)) for (m in names(has)) { q <- r[[i]][[m]]
    for (s in names(q$changes)) rows[[length(rows) + 1]] <- c(list(cell=i, measure=m, span=s, df=min(sapply(as.integer(strsplit(s, "-")[[1]]), function(t) df(i, m, t)))), q$changes[[s]])
    if (!is.null(q$trend)) trends[[length(trends) + 1]] <- c(list(cell=i, measure=m, span=span(range(years)), df=min(sapply(years, function(t) df(i, m, t)))), q$trend) }
  judge <- function(rows) { f <- do.call(rbind, lapply(rows, as.data.frame)); tested <- f$df >= 1
    f$p <- ifelse(tested, 2*pt(-abs(f$estimate/f$se), pmax(f$df, 1)), NA); f$holm <- p.adjust(f$p, method="holm")
    f$low <- f$estimate - qt(.975, f$df)*f$se; f$high <- f$estimate + qt(.975, f$df)*f$se; f$detectable <- (qt(.975, f$df) + qt(.8, f$df))*f$se; f }
  list(changes=judge(rows), trends=judge(trends)) }

R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="years.R",
  data=basename(a[1:2]), n=nrow(x), reference="general sample of each year", unit="reference = 100", given=as.list(given)))
I <- independent(x); S <- shared(x); P <- panel(x)
R$psus <- list(shared=sum(table(unique(x[c("year", "sample", "stratum", "psu")])[-1]) > 1), panel=sum(table(unique(x[c("year", "id")])$id) > 1))
R$independent <- block(I); R$shared <- block(S); R$panel <- block(P)
R$independent_fpc <- block(independent(x, fpc=~fpc), c(populations, "average_given"), dims)
# Strata whose PSUs are the same in all years, where one finite population correction holds for all of them
y <- x[paste(x$sample, x$stratum) %in% c("general 1", "general 2", "farmers 1"),]; stopifnot(all(table(unique(y[c("year", "sample", "stratum", "psu")])[-1]) %in% c(0, 3)))
R$shared_fpc <- block(shared(y, fpc=~fpc), c(populations, "average_given", "average_estimated"))
R$family <- list(independent=family(I, R$independent), shared=family(S, R$shared))
# A break of the farmers' levels in 2024, and so of the average with them: what crosses it is not tested and does not count in the family; two years after it make no trend
R$family_with_break <- lapply(R$family$independent, function(f) { f <- f[!(f$cell %in% c("farmers", "average_given") & substr(f$span, 1, 4) == "2023"),]; f$holm <- p.adjust(f$p, method="holm"); f[c("cell", "measure", "span", "p", "holm")] })

# One stratum with a single PSU: in one year of independent samples; in all years of samples that share it
lonely <- list(independent=independent(x[!(x$sample == "general" & x$stratum == 2 & x$year == 2024 & x$psu > 1),]),
  shared=shared(x[!(x$sample == "general" & x$stratum == 2 & x$psu > 1),]))
R$lonely <- lapply(lonely, function(d) { r <- list(); for (o in c("remove", "adjust", "average")) { options(survey.lonely.psu=o); r[[o]] <- block(d, c("rural", "farmers", "average_given"), c("usage", "weighted_ratios")) }
  options(survey.lonely.psu="fail"); r })

# A published level of an earlier year, whose only error is its margin: the change to a surveyed year, and the trend of all four
margin <- 1.4; se0 <- margin/qnorm(.975); of <- function(t, k) published$level_pct[published$group == "farmers_fishers" & published$year == t & published$dimension == k]
of_margins <- function(a, b, k) { d <- of(b, k) - of(a, k); se <- sqrt(2)*se0; list(estimate=d, se=se, p=2*pnorm(-abs(d/se)), low=d - qnorm(.975)*se, high=d + qnorm(.975)*se, detectable=(qnorm(.975) + qnorm(.8))*se) }
R$published <- c(list(margin=margin, year=2022, se=se0, between=of_margins(2021, 2022, "overall")), lapply(c(access="access", overall="weighted_ratios"), function(m) { q <- R$independent$farmers[[m]]$levels; l0 <- of(2022, ifelse(m == "weighted_ratios", "overall", m))
  l <- c(l0, sapply(q, `[[`, "estimate")); se <- c(se0, sapply(q, `[[`, "se")); t <- 2022:2025; fit <- lm(l ~ t, weights=1/se^2); X <- cbind(1, t - 2024); load <- solve(t(X) %*% diag(1/se^2) %*% X, t(X) %*% diag(1/se^2))[2,]
  list(level=l0, changes=lapply(c("2022-2023"=2023, "2022-2025"=2025), function(u) list(estimate=as.numeric(l[t == u] - l0), se=as.numeric(sqrt(se[t == u]^2 + se0^2)))),
    trend=list(estimate=as.numeric(coef(fit)[2]), se=sqrt(sum((load*se)^2)), scatter=sqrt(sum(residuals(fit)^2)/2))) }))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=FALSE, na="null"), a[3])
