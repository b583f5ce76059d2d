# Average of groups, sum p_g L_g with fixed totals, on the synthetic survey stacked with a second sample of farmers; Taylor SEs by R survey.
# Rscript average_synth15k.R synth15k.csv average_synth15k.json   (columns: region rural stratum psu w age farm access capab usage)
# Stacked as in the project's levels.R: farmers repeated as a second sample, strata +100, psu +100000, weight x1.7; lonely PSU: adjust.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript average_synth15k.R synth15k.csv OUT.json")
options(survey.lonely.psu="adjust", survey.adjust.domain.lonely=FALSE)
x <- read.csv(a[1])[c("region", "rural", "stratum", "psu", "w", "age", "farm", "access", "capab", "usage")]; stopifnot(!anyNA(x))
f <- x[x$farm == 1,]; f$stratum <- f$stratum + 100; f$psu <- f$psu + 100000; f$w <- f$w*1.7
s <- rbind(cbind(x, sample=0), cbind(f, sample=1))
d <- svydesign(ids=~psu, strata=~stratum, weights=~w, data=s, nest=TRUE)
dims <- c(access="access", capability="capab", usage="usage"); om <- c(access=.2, capability=.4, usage=.4)
measures <- c(names(dims), "weighted_ratios", "ratio_of_composites"); named <- function(v) setNames(v, v)
g <- with(s, list(farmers=sample == 1, rural=sample == 0 & rural == 1, rural_old=sample == 0 & rural == 1 & age >= 4)); who <- names(g)
v <- list(N=as.numeric(s$sample == 0)); for (k in names(dims)) v[[paste0("Y_", k)]] <- v$N*s[[dims[[k]]]]
for (i in who) { v[[paste0("D_", i)]] <- as.numeric(g[[i]]); for (k in names(dims)) v[[paste0("DY_", k, "_", i)]] <- g[[i]]*s[[dims[[k]]]] }
totals <- { e <- d; e$variables <- cbind(s, as.data.frame(v)); svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), e) }
ratio <- function(k, i) sprintf("(DY_%s_%s/D_%s)", k, i, i); refer <- function(k) sprintf("(Y_%s/N)", k)
expression_of <- function(m, i) {
  if (m %in% names(dims)) sprintf("100*%s/%s", ratio(m, i), refer(m))
  else if (m == "weighted_ratios") paste(sprintf("100*%.1f*%s/%s", om, ratio(names(dims), i), refer(names(dims))), collapse="+")
  else sprintf("100*(%s)/(%s)", paste(sprintf("%.1f*%s", om, ratio(names(dims), i)), collapse="+"), paste(sprintf("%.1f*%s", om, refer(names(dims))), collapse="+")) }
level <- function(text) { c1 <- svycontrast(totals, parse(text=text)[[1]]); list(level=as.numeric(coef(c1)), se=as.numeric(SE(c1))) }
df_of <- function(keep) { e <- d; e$variables$.keep <- keep; as.integer(degf(subset(e, .keep))) }
P <- c(farmers=2300000, rural=9500000, rural_old=3000000)
average <- function(m) level(sprintf("(%s)/%.17g", paste(sprintf("%.17g*(%s)", P, sapply(who, function(i) expression_of(m, i))), collapse="+"), sum(P)))
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="average_synth15k.R", data=basename(a[1]),
    n=nrow(s), n_first=nrow(x), n_farmers=nrow(f), design_df=as.integer(degf(d)), reference_df=df_of(s$sample == 0), lonely_psu="adjust",
    lonely_strata=sum(tapply(s$psu, s$stratum, function(p) length(unique(p))) == 1), reference="first sample", dimension_weights=as.list(om),
    stacking="farmers repeated as a second sample, strata +100, psu +100000, weight x1.7"),
  groups=lapply(named(who), function(i) c(lapply(named(measures), function(m) level(expression_of(m, i))), list(n=sum(g[[i]]), domain_df=df_of(g[[i]])))),
  average_of_groups=c(list(groups=who, totals=as.list(P), shares=as.list(P/sum(P))), lapply(named(measures), average)))
c1 <- svycontrast(totals, lapply(named(who), function(i) parse(text=expression_of("weighted_ratios", i))[[1]]))
R$covariance_weighted_ratios <- list(names=who, levels=as.numeric(coef(c1)), vcov=unname(as.matrix(vcov(c1))))
stopifnot(abs(sum(P/sum(P)*coef(c1)) - R$average_of_groups$weighted_ratios$level) < 1e-9,                   # the same number by the other road
  abs(sqrt(t(P) %*% vcov(c1) %*% P)/sum(P)/R$average_of_groups$weighted_ratios$se - 1) < 1e-9)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[2])
