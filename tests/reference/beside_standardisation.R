# Levels of groups of small.csv with the general sample's mix of ages, and their standard errors, by R survey.
# Rscript beside_standardisation.R small.csv beside_standardisation.json
# Complete cases of the three dimensions. Every estimate is an expression in totals of the full stacked design (delta method);
# the standardised means are also those of svystandardize + svymean, inside this script.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript beside_standardisation.R small.csv OUT.json")
options(survey.lonely.psu="fail")
x <- read.csv(a[1], stringsAsFactors=FALSE); dims <- c("access", "capability", "usage"); om <- c(.2, .4, .4)
ok <- complete.cases(x[dims]); G <- x$sample == "general"; y <- x[dims]; y[!ok,] <- 0
who <- list(rural=G & x$area == "R", region3=G & x$region == 3, farm=G & x$farm == 1, farmers=x$sample == "farmers", reference=G)
cuts <- list(four=c(35, 50, 65), two=65, one=200)                      # farmers have nobody below 35: they stand in `two` and `one`
quoted <- function(s) parse(text=s)[[1]]
block <- function(g, cut) { class <- findInterval(x$age, cut); k <- sort(unique(class[G & ok])); v <- list()
  for (d in dims) { v[[paste0("Z_", d)]] <- G*ok*y[[d]]; v[[paste0("C_", d)]] <- g*ok*y[[d]] }
  v$N <- G*ok; v$M <- g*ok
  for (c in k) { v[[paste0("S", c)]] <- G*ok*(class == c); v[[paste0("W", c)]] <- g*ok*(class == c)
    for (d in dims) v[[paste0("Y", c, "_", d)]] <- g*ok*(class == c)*y[[d]] }
  e <- svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=cbind(x, as.data.frame(v)), nest=TRUE)
  t <- svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), e)
  m_0 <- sprintf("(Z_%s/N)", dims); crude <- sprintf("(C_%s/M)", dims)
  std <- sapply(dims, function(d) paste0("(", paste(sprintf("(S%d/N)*(Y%d_%s/W%d)", k, k, d, k), collapse="+"), ")"))
  overall <- function(m) c(weighted_ratios=paste(sprintf("100*%.1f*%s/%s", om, m, m_0), collapse="+"),
    ratio_of_composites=sprintf("100*(%s)/(%s)", paste(sprintf("%.1f*%s", om, m), collapse="+"), paste(sprintf("%.1f*%s", om, m_0), collapse="+")))
  levels <- function(m) c(setNames(sprintf("100*%s/%s", m, m_0), dims), overall(m))
  every <- c(setNames(levels(crude), paste0("crude.", names(levels(crude)))), setNames(levels(std), paste0("std.", names(levels(std)))))
  differ <- sprintf("(%s)-(%s)", levels(crude), levels(std)); names(differ) <- paste0("difference.", names(levels(std)))
  s <- svycontrast(t, lapply(c(every, differ), quoted))
  # the same points by svystandardize: the group's design, its classes weighed as the reference's
  h <- subset(e, g & ok); h$variables$class <- factor(findInterval(h$variables$age, cut)); pop <- as.numeric(tapply((x$weight*G*ok), factor(class), sum))
  pop <- pop[sort(unique(class)) %in% k]; h <- subset(h, class %in% k); h$variables$class <- droplevels(h$variables$class)
  if (length(k) > 1) { m <- svymean(~access + capability + usage, svystandardize(h, by=~class, over=~1, population=pop))
    zero <- svymean(~access + capability + usage, subset(e, G & ok)); stopifnot(max(abs(100*coef(m)/coef(zero)/coef(s)[paste0("std.", dims)] - 1)) < 1e-10) }
  V <- as.matrix(vcov(s)); list(names=names(coef(s)), estimate=as.numeric(coef(s)), se=sqrt(pmax(diag(V), 0)), vcov=unname(V)) }
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="beside_standardisation.R",
  data=basename(a[1]), complete=sum(ok), dimension_weights=om, classes="age cut at 35, 50, 65 (four), at 65 (two), nowhere (one)", difference="crude - standardised"),
  four=lapply(who[c("rural", "region3", "farm", "reference")], block, cuts$four), two=lapply(who, block, cuts$two), one=lapply(who["rural"], block, cuts$one))
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE), a[2])
