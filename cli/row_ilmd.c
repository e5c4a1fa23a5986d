/* A batch's master data and its inspection. */
#include <strings.h>

#include "row_impl.h"

static bool read_date(struct draft *d, enum field f, int32_t *day)
{
	struct sy_str text = row_value(d, f);

	*day = SY_NO_DAY;
	if (text.n == 0)
		return false;
	if (value_date(d->arena, text, day) == SY_OK)
		return true;
	wrong(d, f, "%.*s is no date: expected 2026-11-01, 20261101 or 2026年11月1日",
	      "%.*s 不是日期：应为 2026-11-01、20261101 或 2026年11月1日", (int)text.n, text.p);
	*day = SY_NO_DAY;
	return false;
}

static int32_t put_date(struct draft *d, enum field f, const char *name)
{
	char text[12];
	int32_t day;

	if (read_date(d, f, &day)) {
		sy_date_format(day, text);
		sy_jw_kv_text(&d->w, name, text);
	}
	return day;
}

void row_text(struct draft *d, enum field f, const char *name)
{
	struct sy_str text = row_value(d, f);

	if (text.n > 0)
		sy_jw_kv_str(&d->w, name, text);
}

/* A word in either language to the one that the record carries. */
struct word {
	const char *is, *names;
};

static const struct word results[] = {{"pass", "pass|合格"}, {"fail", "fail|不合格"}, {0}};
static const struct word kinds[] = {{"firm", "firm|出厂检验|自检"},
				    {"laboratory", "laboratory|委托检验"},
				    {"supervision", "supervision|监督抽检|抽检"},
				    {0}};
static const struct word bases[] = {{"control", "control|质量安全控制符合要求"},
				    {"self-test", "self-test|自行检测合格"},
				    {"laboratory", "laboratory|委托检测合格"},
				    {0}};

static const char *word_of(struct sy_str text, const struct word *words)
{
	char folded[COLUMN_TEXT];

	if (!column_fold(text, folded))
		return NULL;
	for (; words->is != NULL; words++) {
		if (column_one_of(folded, words->names))
			return words->is;
	}
	return NULL;
}

static void put_word(struct draft *d, enum field f, const char *name, const struct word *words,
		     const char *otherwise)
{
	struct sy_str text = row_value(d, f);
	const char *is = text.n > 0 ? word_of(text, words) : otherwise;

	if (is != NULL)
		sy_jw_kv_text(&d->w, name, is);
	else if (text.n > 0)
		wrong(d, f, "%.*s: expected %s", "%.*s：应为%s", (int)text.n, text.p,
		      row_expected(d, f));
}

const char *row_passed(const struct draft *d)
{
	return word_of(row_value(d, F_RESULT), results);
}

static void put_origin(struct draft *d)
{
	struct sy_str origin = row_value(d, F_ORIGIN), country = row_value(d, F_COUNTRY);
	bool digits = origin.n == 6;

	for (size_t i = 0; i < origin.n; i++)
		digits = digits && origin.p[i] >= '0' && origin.p[i] <= '9';
	if (origin.n > 0 && !digits)
		wrong(d, F_ORIGIN, "%.*s: expected 6 digits of GB/T 2260",
		      "%.*s：应为 GB/T 2260 的 6 位数字", (int)origin.n, origin.p);
	else
		row_text(d, F_ORIGIN, "suyuan:origin");
	bool letters = country.n == 2 && country.p[0] >= 'A' && country.p[0] <= 'Z' &&
		       country.p[1] >= 'A' && country.p[1] <= 'Z';
	if (country.n > 0 && !letters)
		wrong(d, F_COUNTRY, "%.*s: expected 2 capitals of ISO 3166",
		      "%.*s：应为 ISO 3166 的 2 个大写字母", (int)country.n, country.p);
	else
		row_text(d, F_COUNTRY, "cbvmda:countryOfOrigin");
}

static void put_pledge(struct draft *d)
{
	if (row_value(d, F_PLEDGE).n == 0 && row_value(d, F_BASIS).n == 0)
		return;
	sy_jw_key(&d->w, "suyuan:pledge");
	sy_jw_object(&d->w);
	row_text(d, F_PLEDGE, "number");
	put_word(d, F_BASIS, "basis", bases, NULL);
	sy_jw_end(&d->w, '}');
}

static void put_input(struct draft *d, struct sy_str part, struct sy_str date)
{
	const char *colon = memchr(part.p, ':', part.n);
	struct sy_str name = part;
	char text[12];
	int32_t day;

	if (colon != NULL) {
		name = value_trim((struct sy_str){part.p, (size_t)(colon - part.p)});
		date =
		    value_trim((struct sy_str){colon + 1, part.n - (size_t)(colon - part.p) - 1});
	}
	sy_jw_object(&d->w);
	sy_jw_kv_str(&d->w, "name", name);
	if (date.n > 0 && value_date(d->arena, date, &day) == SY_OK) {
		sy_date_format(day, text);
		sy_jw_kv_text(&d->w, "stopDate", text);
	} else if (date.n > 0) {
		wrong(d, F_INPUTS, "%.*s is no date for %.*s: expected one such as 2026-11-01",
		      "%.*s 不是 %.*s 的日期：应形如 2026-11-01", (int)date.n, date.p, (int)name.n,
		      name.p);
	}
	sy_jw_end(&d->w, '}');
}

static void put_inputs(struct draft *d)
{
	struct sy_str inputs = row_value(d, F_INPUTS), dates = row_value(d, F_STOP_DATES), part,
		      date;

	if (inputs.n == 0)
		return;
	sy_jw_key(&d->w, "suyuan:inputs");
	sy_jw_array(&d->w);
	while (row_part(&inputs, &part)) {
		if (!row_part(&dates, &date))
			date = (struct sy_str){"", 0};
		put_input(d, part, date);
	}
	sy_jw_end(&d->w, ']');
}

void row_ilmd(struct draft *d)
{
	int32_t made, expires, best;

	sy_jw_key(&d->w, "ilmd");
	sy_jw_object(&d->w);
	if (d->has_lot || (d->things.classes == 1 && d->lot.lot.n > 0))
		sy_jw_kv_str(&d->w, "cbvmda:lotNumber", d->lot.lot);
	else
		row_text(d, F_LOT, "cbvmda:lotNumber");
	made = put_date(d, F_MADE, "suyuan:productionDate");
	put_date(d, F_HARVESTED, "cbvmda:harvestEndDate");
	expires = put_date(d, F_EXPIRES, "cbvmda:itemExpirationDate");
	best = put_date(d, F_BEST_BEFORE, "cbvmda:bestBeforeDate");
	if (made != SY_NO_DAY && expires != SY_NO_DAY && expires < made)
		wrong(d, F_EXPIRES, "is before it was made: expected that day or a later one",
		      "早于生产日期：应为当日或之后");
	if (made != SY_NO_DAY && best != SY_NO_DAY && best < made)
		wrong(d, F_BEST_BEFORE, "is before it was made: expected that day or a later one",
		      "早于生产日期：应为当日或之后");
	put_origin(d);
	put_pledge(d);
	put_inputs(d);
	row_text(d, F_PACK_RATIO, "suyuan:packRatio");
	sy_jw_end(&d->w, '}');
}

/* "sm3:..." or "sha256:...", or the digits of a SHA-256 alone. */
static bool read_digest(struct sy_str text, const char **kind, struct sy_str *hex)
{
	static const char *const digests[] = {"sha256", "sm3"};
	const char *colon = memchr(text.p, ':', text.n);
	struct sy_str name = {text.p, colon ? (size_t)(colon - text.p) : 0};
	uint8_t digest[32];

	*hex = text;
	*kind = colon ? NULL : digests[0];
	if (colon)
		*hex = (struct sy_str){colon + 1, text.n - name.n - 1};
	for (size_t i = 0; i < 2; i++) {
		if (name.n == strlen(digests[i]) && strncasecmp(name.p, digests[i], name.n) == 0)
			*kind = digests[i];
	}
	return *kind && hex->n == 64 && sy_unhex(*hex, digest, sizeof digest) == SY_OK;
}

/* One digest, or both with a space between them. */
static void put_report(struct draft *d)
{
	struct sy_str text = value_trim(row_value(d, F_REPORT)), hex[2];
	struct sy_str part[2] = {text, {"", 0}};
	const char *kind[2], *space;

	if (text.n == 0)
		return;
	if ((space = memchr(text.p, ' ', text.n)) != NULL) {
		part[0].n = (size_t)(space - text.p);
		part[1] = value_trim((struct sy_str){space, text.n - part[0].n});
	}
	if (!read_digest(part[0], &kind[0], &hex[0]) ||
	    (part[1].n > 0 && (!read_digest(part[1], &kind[1], &hex[1]) || kind[0] == kind[1]))) {
		wrong(d, F_REPORT,
		      "expected a SHA-256 of 64 hex digits, lower case, or sm3: before an SM3",
		      "应为 SHA-256，64 位小写十六进制；SM3 前加 sm3:");
		return;
	}
	sy_jw_key(&d->w, "report");
	sy_jw_object(&d->w);
	sy_jw_kv_str(&d->w, kind[0], hex[0]);
	if (part[1].n > 0)
		sy_jw_kv_str(&d->w, kind[1], hex[1]);
	sy_jw_end(&d->w, '}');
}

void row_inspection(struct draft *d)
{
	bool any = false;

	for (int f = F_INSPECTION; f <= F_REPORT; f++)
		any = any || row_value(d, (enum field)f).n > 0;
	if (!any)
		return;
	sy_jw_key(&d->w, "suyuan:inspection");
	sy_jw_object(&d->w);
	row_text(d, F_INSPECTION, "number");
	put_word(d, F_RESULT, "result", results, NULL);
	put_word(d, F_KIND, "kind", kinds, "firm");
	row_text(d, F_STANDARD, "standard");
	row_text(d, F_LABORATORY, "laboratory");
	put_date(d, F_INSPECTED, "date");
	put_report(d);
	sy_jw_end(&d->w, '}');
}
