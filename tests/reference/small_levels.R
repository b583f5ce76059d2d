# Levels of groups relative to the general sample (= 100) on small.csv, with Taylor standard errors from R survey.
# Rscript small_levels.R small.csv small_levels.json
# Every estimate is an expression in totals of the full stacked design: svytotal of all the pieces, then svycontrast.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript small_levels.R small.csv OUT.json")
options(survey.lonely.psu="fail", survey.adjust.domain.lonely=FALSE)
x <- read.csv(a[1], stringsAsFactors=FALSE)
dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4)
measures <- c(dims, "weighted_ratios", "ratio_of_composites")
named <- function(v) setNames(v, v)
est <- function(s) list(estimate=as.numeric(coef(s)), se=as.numeric(SE(s)))

# Groups as 0/1 over the rows of both samples; the reference is the general sample
groups <- function(x) { G <- x$sample == "general"; g <- list(rural=G & x$area == "R", urban=G & x$area == "U")
  for (r in 1:4) g[[paste0("region", r)]] <- G & x$region == r
  for (r in 1:4) for (u in c("R", "U")) g[[paste0("region", r, "_", u)]] <- G & x$region == r & x$area == u
  c(g, list(farm=G & x$farm == 1, farmers=x$sample == "farmers", old=G & x$age >= 65)) }
stacked <- function(x, ...) svydesign(ids=~psu, strata=~interaction(sample, stratum, drop=TRUE), weights=~weight, data=x, nest=TRUE, ...)

# The pieces: DY, D of each group, Y, N of the reference, M members of the group; availability sits inside all but M
prepare <- function(d, complete=FALSE) {
  x <- d$variables; g <- groups(x); v <- list(); full <- complete.cases(x[dims])
  for (k in dims) { ok <- if (complete) full else !is.na(x[[k]]); y <- ifelse(ok, x[[k]], 0); ref <- x$sample == "general"
    v[[paste0("Y_", k)]] <- ref*y; v[[paste0("N_", k)]] <- ref*ok
    for (i in names(g)) { v[[paste0("DY_", k, "_", i)]] <- g[[i]]*y; v[[paste0("D_", k, "_", i)]] <- g[[i]]*ok } }
  for (i in names(g)) v[[paste0("M_", i)]] <- as.numeric(g[[i]])
  f <- as.formula(paste("~", paste(names(v), collapse="+"))); d$variables <- cbind(x, as.data.frame(v))
  list(design=d, totals=svytotal(f, d), complete=full, only=complete, groups=g) }
ratio <- function(k, g) sprintf("(DY_%s_%s/D_%s_%s)", k, g, k, g)
refer <- function(k) sprintf("(Y_%s/N_%s)", k, k)
expression_of <- function(m, g) {
  if (m %in% dims) sprintf("100*%s/%s", ratio(m, g), refer(m))
  else if (m == "weighted_ratios") paste(sprintf("100*%.1f*%s/%s", om, ratio(dims, g), refer(dims)), collapse="+")
  else sprintf("100*(%s)/(%s)", paste(sprintf("%.1f*%s", om, ratio(dims, g)), collapse="+"), paste(sprintf("%.1f*%s", om, refer(dims)), collapse="+")) }
quoted <- function(s) parse(text=s)[[1]]
level <- function(p, text) { s <- svycontrast(p$totals, quoted(text)); list(level=as.numeric(coef(s)), se=as.numeric(SE(s))) }
df_of <- function(p, keep) { e <- p$design; e$variables$.keep <- keep; as.integer(degf(subset(e, .keep))) }
one_group <- function(p, g) { r <- lapply(named(measures), function(m) level(p, expression_of(m, g)))
  v <- p$design$variables; who <- p$groups[[g]] & (if (p$only) p$complete else TRUE); has <- lapply(named(dims), function(k) who & !is.na(v[[k]]))
  c(r, list(n=sum(who), domain_df=df_of(p, who), n_with=lapply(has, sum), domain_df_with=lapply(has, function(h) df_of(p, h)))) }
block <- function(d, complete=FALSE) { p <- prepare(d, complete); ref <- p$design$variables$sample == "general" & (if (complete) p$complete else TRUE)
  list(design_df=as.integer(degf(d)), reference_n=sum(ref), reference_df=df_of(p, ref), groups=lapply(named(names(p$groups)), function(g) one_group(p, g))) }

d <- stacked(x); p <- prepare(d); G <- x$sample == "general"; g <- p$groups; w <- x$weight
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")),
  script="small_levels.R", data=basename(a[1]), n=nrow(x), n_general=sum(G), n_farmers=sum(!G), strata=nrow(unique(x[c("sample", "stratum")])),
  psus=nrow(unique(x[c("sample", "stratum", "psu")])), design_df=as.integer(degf(d)), missing=lapply(x[dims], function(v) sum(is.na(v))),
  missing_all=sum(rowSums(is.na(x[dims])) == 3), reference="general sample", dimension_weights=as.list(om), unit="reference = 100"))

# A. Levels under five sets of assumptions
R$levels <- list(available=block(d), complete=block(d, TRUE), fpc=block(stacked(x, fpc=~fpc)),
  weights_only=block(svydesign(ids=~1, weights=~weight, strata=~sample, data=x)),
  no_design=block(suppressWarnings(svydesign(ids=~1, strata=~sample, data=x))))
v <- c("rural", "urban", "farmers", paste0("region", 1:4))
s <- svycontrast(p$totals, lapply(named(v), function(i) quoted(expression_of("weighted_ratios", i))))
R$covariance_weighted_ratios <- list(names=v, levels=as.numeric(coef(s)), vcov=unname(as.matrix(vcov(s))))
R$difference_farmers_minus_farm <- lapply(named(measures), function(m) est(svycontrast(p$totals, quoted(paste0(expression_of(m, "farmers"), "-(", expression_of(m, "farm"), ")")))))

# Design effect: the linearised z in a column of its own. V and SRS variance scale alike, so a factor on z or w cancels
z_of <- function(k, i) { y <- ifelse(is.na(x[[k]]), 0, x[[k]]); r <- !is.na(x[[k]]); D <- g[[i]] & r; N <- G & r
  mk <- sum(w*D*y)/sum(w*D); m0 <- sum(w*N*y)/sum(w*N); 100*(D*(y - mk)/(sum(w*D)*m0) - mk*N*(y - m0)/(m0^2*sum(w*N))) }
effect <- function(z, rows) { e <- d; e$variables$Z <- z; e$variables$.keep <- rows; e <- subset(e, .keep); m <- svymean(~Z, e, deff="replace")
  W <- sum(w[rows]); n <- sum(rows); s2 <- n/(n - 1)*sum(w[rows]*z[rows]^2)/W; V <- as.numeric(SE(m))^2*W^2      # sum(w z) = 0
  stopifnot(abs(as.numeric(deff(m))/(V/(W^2*s2/n)) - 1) < 1e-9)
  list(deff=as.numeric(deff(m)), n=n, variance=V, srs_variance=W^2*s2/n) }
deffs <- function(i, rows) lapply(named(c(dims, "weighted_ratios")), function(m) {
  z <- if (m %in% dims) z_of(m, i) else rowSums(sapply(dims, function(k) om[[k]]*z_of(k, i))); e <- effect(z, rows)
  stopifnot(abs(sqrt(e$variance)/R$levels$available$groups[[i]][[m]]$se - 1) < 1e-9); e })    # the same SE by the other road
R$design_effect <- list(note="stacked: svymean over all rows of both samples, n and W of both, zero z included; general_rows: the general sample only; by_sample: SRS inside each sample, W_s^2 S_s^2/n_s summed",
  stacked=list(rural=deffs("rural", rep(TRUE, nrow(x))), farmers=deffs("farmers", rep(TRUE, nrow(x)))), general_rows=list(rural=deffs("rural", G)),
  by_sample=list(farmers=lapply(named(c(dims, "weighted_ratios")), function(m) { V <- R$levels$available$groups$farmers[[m]]$se^2
    z <- if (m %in% dims) z_of(m, "farmers") else rowSums(sapply(dims, function(k) om[[k]]*z_of(k, "farmers")))
    srs <- sum(sapply(c("general", "farmers"), function(s) { e <- d; e$variables$Z <- z; e$variables$.keep <- x$sample == s; e <- subset(e, .keep); sum(weights(e))^2*as.numeric(svyvar(~Z, e))/nrow(e$variables) }))
    list(deff=V/srs, variance=V, srs_variance=srs) })))

# Means inside the general sample
dg <- subset(d, sample == "general")
mean_by <- function(k, by) { b <- svyby(as.formula(paste0("~", k)), as.formula(paste0("~", by)), dg, svymean, na.rm=TRUE)
  lapply(setNames(seq_len(nrow(b)), b[[by]]), function(i) { who <- G & x[[by]] == b[[by]][i]; has <- who & !is.na(x[[k]])
    list(mean=as.numeric(coef(b))[i], se=as.numeric(SE(b))[i], n=sum(has), domain_df=df_of(p, who), domain_df_with=df_of(p, has)) }) }
R$means <- list(reference=lapply(named(dims), function(k) { m <- svymean(as.formula(paste0("~", k)), dg, na.rm=TRUE, deff="replace")
    list(mean=as.numeric(coef(m)), se=as.numeric(SE(m)), deff=as.numeric(deff(m)), n=sum(G & !is.na(x[[k]])), domain_df=df_of(p, G)) }),
  area=lapply(named(dims), mean_by, "area"), region=lapply(named(dims), mean_by, "region"))

# C. Averages of groups, sum p_g L_g
who <- c("farmers", "rural", "old", "farm"); totals <- c(farmers=1500000, rural=2500000, old=9000000, farm=800000); share <- totals/sum(totals)
average <- function(m, weight, by="1") level(p, sprintf("(%s)/(%s)", paste(sprintf("%s*(%s)", weight, sapply(who, function(i) expression_of(m, i))), collapse="+"), by))
R$average_of_groups <- list(groups=who,
  fixed=c(list(totals=as.list(totals), shares=as.list(share)), lapply(named(measures), function(m) average(m, sprintf("%.17g", totals), sprintf("%.17g", sum(totals))))),
  estimated=c(list(totals=lapply(named(who), function(i) sum(w[g[[i]]])), shares=lapply(named(who), function(i) sum(w[g[[i]]])/sum(sapply(who, function(j) sum(w[g[[j]]]))))),
    lapply(named(measures), function(m) average(m, paste0("M_", who), paste(paste0("M_", who), collapse="+")))))

# D. Lonely PSUs
rule <- function(x) { s <- x$sample == "general" & x$stratum %in% c(2, 5); first <- tapply(x$psu[s], x$stratum[s], min); x[!s | x$psu == first[as.character(x$stratum)],] }
xl <- rule(x); dl <- stacked(xl); dl$variables$YU <- with(xl, (sample == "general")*ifelse(is.na(usage), 0, usage)); dl$variables$NU <- with(xl, (sample == "general")*!is.na(usage))
R$lonely <- list(rule="general sample, strata 2 and 5: only the PSU with the smallest number is kept; everything else stays", n=nrow(xl), lonely_strata=2,
  strata=nrow(unique(xl[c("sample", "stratum")])), design_df=as.integer(degf(dl)),
  note="mean_usage and total_usage: general sample as an indicator on the stacked design; *_subset: the same through subset(), whose `average` counts the strata left; *_all_rows: both samples",
  fail=tryCatch({svytotal(~YU, dl); "no error"}, error=conditionMessage))
for (o in c("remove", "certainty", "adjust", "average")) { options(survey.lonely.psu=o); q <- prepare(dl); t <- svytotal(~YU + NU, dl); h <- subset(dl, sample == "general")
  R$lonely[[o]] <- list(rural=lapply(named(measures), function(m) level(q, expression_of(m, "rural"))), farmers=lapply(named(measures), function(m) level(q, expression_of(m, "farmers"))),
    mean_usage=est(svycontrast(t, quote(YU/NU))), total_usage=est(svycontrast(t, quote(YU + 0*NU))),
    mean_usage_subset=est(svymean(~usage, h, na.rm=TRUE)), total_usage_subset=est(svytotal(~usage, h, na.rm=TRUE)),
    mean_usage_all_rows=est(svymean(~usage, dl, na.rm=TRUE)), total_usage_all_rows=est(svytotal(~usage, dl, na.rm=TRUE))) }
options(survey.lonely.psu="fail")

# E. Fieller intervals: {theta: (m1 - theta m0)^2 <= t^2 (v11 - 2 theta v12 + theta^2 v00)}, a quadratic in theta
fieller <- function(k, i, confidence=.95) {
  s <- svycontrast(p$totals, list(group=quoted(ratio(k, i)), reference=quoted(refer(k)))); m <- as.numeric(coef(s)); V <- as.matrix(vcov(s))
  df <- min(df_of(p, g[[i]]), df_of(p, G)); t <- qt((1 + confidence)/2, df); A <- m[2]^2 - t^2*V[2, 2]; B <- -2*(m[1]*m[2] - t^2*V[1, 2]); C <- m[1]^2 - t^2*V[1, 1]; D <- B^2 - 4*A*C
  # A > 0: between the roots.  A < 0 and real roots: outside them (theta <= lower or theta >= upper).  No real root: every theta
  kind <- if (A > 0) "interval" else if (D > 0) "two rays" else "whole line"
  roots <- if (D >= 0) sort((-B + c(-1, 1)*sqrt(D))/(2*A)) else c(NA, NA)
  if (D >= 0) stopifnot(max(abs(sort(Re(polyroot(c(C, B, A)))) - roots)) < 1e-7)
  l <- level(p, expression_of(k, i))
  list(mean_group=m[1], mean_reference=m[2], v11=V[1, 1], v12=V[1, 2], v00=V[2, 2], cv_reference=sqrt(V[2, 2])/m[2], g=t^2*V[2, 2]/m[2]^2, domain_df=df, t=t, level=l$level, se=l$se,
    kind=kind, lower=100*roots[1], upper=100*roots[2], wald_lower=l$level - t*l$se, wald_upper=l$level + t*l$se) }
R$fieller <- lapply(named(c("rural", "farmers", "region4", "region4_U")), function(i) lapply(named(c("access", "usage")), fieller, i))
R$fieller_99 <- list(rural=lapply(named(c("access", "usage")), fieller, "rural", .99), region4_U=lapply(named(dims), fieller, "region4_U", .99))   # df 1: not always an interval
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[2])
