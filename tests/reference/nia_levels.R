# Levels of the four groups and their average on the files of nia_data.R, scored here and estimated with R survey.
# Rscript nia_levels.R FOLDER nia_levels.json   (reads nia_general, nia_farmers, nia_disabled, nia_low_income .csv)
# Every estimate is an expression in totals of the full stacked design: svytotal of all the pieces, then svycontrast.
suppressMessages({library(survey); library(jsonlite)})
a <- commandArgs(TRUE); if (length(a) != 2) stop("usage: Rscript nia_levels.R FOLDER OUT.json")
options(survey.lonely.psu="fail", survey.adjust.domain.lonely=FALSE)
dims <- c("access", "capability", "usage"); om <- c(access=.2, capability=.4, usage=.4); measures <- c(dims, "overall")
named <- function(v) setNames(v, v)
own <- list(general=c(age="ADQ1", sex="ADQ2", province="ADQ101"), farmers=c(age="BDQ2", sex="BDQ3", province="BDQ101"),
  disabled=c(age="CDQ1", sex="CDQ2", province="CDQ161"), low_income=c(age="DDQ1", sex="DDQ2", province="DDQ101"))

# Answers to scores on 0-1.  Every cell is read as text: " " is blank, 9998 no answer, 9999 not applicable
services <- c(paste0("Q12%s_", 1:4), paste0("Q13%s_", 1:5), paste0("Q14%s_", 1:5))
activities <- c(paste0("Q15%s_", 1:2), paste0("Q16%s_", 1:2), paste0("Q17%s_", 1:4), paste0("Q18%s_", 1:4))
stopifnot(length(services) == 14, length(activities) == 12)
over_answered <- function(m) ifelse(rowSums(!is.na(m)) == 0, NA, rowSums(m, na.rm=TRUE)/rowSums(!is.na(m)))
highest <- function(m) apply(m, 1, function(v) if (all(is.na(v))) NA else max(v, na.rm=TRUE))
scored <- function(raw) {
  number <- function(q) { v <- suppressWarnings(as.numeric(raw[[q]])); stopifnot(all(is.na(v) == (raw[[q]] == " "))); v }
  answered <- function(q) { v <- number(q); v[v %in% c(9998, 9999)] <- NA; v }
  each <- function(q, f) sapply(q, f)
  has <- function(q) c(1, 0)[answered(q)]                              # 1 yes, 2 no
  able <- function(q) (answered(q) - 1)/3
  internet <- number("Q10"); known <- !is.na(internet) & internet != 9998; not_asked <- known & internet != 1
  half <- function(q) { v <- number(q); s <- (answered(q) - 1)/3; s[!is.na(v) & v == 9999] <- 0; s[is.na(v) & not_asked] <- 0; stopifnot(!any(not_asked & !is.na(v))); s }
  best <- function(s) highest(cbind(half(sprintf(s, "A")), half(sprintf(s, "B"))))
  device <- highest(each(c("Q1_1", "Q1_2", "Q2K1_1_1", "Q2K2_1"), has)); used <- ifelse(known, as.numeric(internet == 1), NA)
  diversity <- over_answered(each(services, best)); advanced <- over_answered(each(activities, best))
  data.frame(access=.5*device + .5*has("Q3"), capability=.5*over_answered(each(paste0("Q6_", 1:7), able)) + .5*over_answered(each(paste0("Q7_", 1:7), able)),
    usage=.4*used + .4*diversity + .2*advanced) }
read <- function(g) {
  raw <- read.csv(file.path(a[1], sprintf("nia_%s.csv", g)), colClasses="character", check.names=FALSE, strip.white=FALSE, na.strings=character(), encoding="UTF-8")
  d <- data.frame(sample=g, id=as.integer(raw[[1]]), weight=as.numeric(raw$WT)); for (k in names(own[[g]])) d[[k]] <- as.integer(raw[[own[[g]][[k]]]])
  stopifnot(identical(d$id, seq_len(nrow(d)))); cbind(d, scored(raw)) }
x <- do.call(rbind, lapply(names(own), read)); G <- x$sample == "general"; w <- x$weight

# Groups, and cells of domains inside the reference, as 0/1 over the rows of all samples; the reference is the general sample
g <- list(older=G & x$age == 6, farmers=x$sample == "farmers", disabled=x$sample == "disabled", low_income=x$sample == "low_income"); who <- names(g)
for (k in c("sex", "province")) for (v in sort(unique(x[[k]][G]))) g[[paste0(k, v)]] <- G & x[[k]] == v
d <- svydesign(ids=~1, strata=~interaction(sample, province, drop=TRUE), weights=~weight, data=x)

# The pieces: DY, D of each group, Y, N of the reference, M members of the group; availability sits inside all but M
v <- list()
for (k in dims) { r <- !is.na(x[[k]]); y <- ifelse(r, x[[k]], 0); v[[paste0("Y_", k)]] <- G*y; v[[paste0("N_", k)]] <- as.numeric(G & r)
  for (i in names(g)) { v[[paste0("DY_", k, "_", i)]] <- g[[i]]*y; v[[paste0("D_", k, "_", i)]] <- as.numeric(g[[i]] & r) } }
for (i in names(g)) v[[paste0("M_", i)]] <- as.numeric(g[[i]])
e <- d; e$variables <- cbind(x, as.data.frame(v)); totals <- svytotal(as.formula(paste("~", paste(names(v), collapse="+"))), e)
ratio <- function(k, i) sprintf("(DY_%s_%s/D_%s_%s)", k, i, k, i); refer <- function(k) sprintf("(Y_%s/N_%s)", k, k)
expression_of <- function(m, i) if (m %in% dims) sprintf("100*%s/%s", ratio(m, i), refer(m)) else
  paste(sprintf("100*%.1f*%s/%s", om, ratio(dims, i), refer(dims)), collapse="+")
level <- function(text) { s <- svycontrast(totals, parse(text=text)[[1]]); list(level=as.numeric(coef(s)), se=as.numeric(SE(s))) }
df_of <- function(keep) { e <- d; e$variables$.keep <- keep; as.integer(degf(subset(e, .keep))) }
# n and degrees of freedom: of those who have the dimension; overall, of those who have any
counts <- function(keep) { has <- c(lapply(named(dims), function(k) keep & !is.na(x[[k]])), list(overall=keep & rowSums(!is.na(x[dims])) > 0))
  list(members=sum(keep), n=lapply(has, sum), domain_df=lapply(has, df_of)) }
one <- function(i) c(lapply(named(measures), function(m) level(expression_of(m, i))), counts(g[[i]]))

# The average of the four groups: totals are sums of the members' weights, answered or not, and their error counts
P <- paste0("M_", who); average <- function(m) level(sprintf("(%s)/(%s)", paste(sprintf("%s*(%s)", P, sapply(who, function(i) expression_of(m, i))), collapse="+"), paste(P, collapse="+")))
fixed <- function(m) { p <- sapply(who, function(i) sum(w[g[[i]]])); level(sprintf("(%s)/%.17g", paste(sprintf("%.17g*(%s)", p, sapply(who, function(i) expression_of(m, i))), collapse="+"), sum(p))) }

# The older taken for a sample of their own: the covariance of their means with those of the reference set to zero. Wrong, for comparison
independent <- { s <- svycontrast(totals, lapply(c(setNames(ratio(dims, "older"), paste0("g_", dims)), setNames(refer(dims), paste0("r_", dims))), function(t) parse(text=t)[[1]]))
  m <- as.numeric(coef(s)); V <- as.matrix(vcov(s)); W <- V; W[1:3, 4:6] <- 0; W[4:6, 1:3] <- 0
  slope <- rbind(100*cbind(diag(1/m[4:6]), diag(-m[1:3]/m[4:6]^2))); slope <- rbind(slope, om %*% slope)
  right <- sqrt(diag(slope %*% V %*% t(slope))); stopifnot(max(abs(right/sapply(measures, function(m) level(expression_of(m, "older"))$se) - 1)) < 1e-9)
  setNames(as.list(sqrt(diag(slope %*% W %*% t(slope)))), measures) }

scores <- lapply(named(names(own)), function(s) lapply(named(dims), function(k) x[[k]][x$sample == s]))
means <- lapply(named(dims), function(k) { s <- svycontrast(totals, parse(text=paste0("100*", refer(k)))[[1]]); list(mean=as.numeric(coef(s)), se=as.numeric(SE(s))) })
R <- list(meta=list(R=R.version.string, survey=as.character(packageVersion("survey")), jsonlite=as.character(packageVersion("jsonlite")), script="nia_levels.R",
    data=sprintf("nia_%s.csv", names(own)), n=nrow(x), n_sample=as.list(table(x$sample)[names(own)]), strata=nrow(unique(x[c("sample", "province")])), design_df=as.integer(degf(d)),
    missing=lapply(x[dims], function(v) sum(is.na(v))), missing_all=sum(rowSums(is.na(x[dims])) == 3), reference="general sample", dimension_weights=as.list(om), unit="reference = 100"),
  reference=c(counts(G), list(means=means)), groups=lapply(named(who), one),
  domains=lapply(named(c("sex", "province")), function(k) { at <- sort(unique(x[[k]][G])); lapply(setNames(paste0(k, at), at), one) }),
  average=c(list(members=who, totals=lapply(named(who), function(i) sum(w[g[[i]]]))), lapply(named(measures), average)),
  average_with_fixed_totals=lapply(named(measures), fixed), older_se_as_if_independent=independent, scores=scores)
write(toJSON(R, digits=NA, auto_unbox=TRUE, pretty=TRUE, na="null"), a[2])
