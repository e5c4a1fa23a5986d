/* The table of application identifiers, against GS1's own list where a copy of it is at hand. */
#include "run.h"

#include "../../lib/code_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 32

struct tokens {
	char v[LIST_MAX][192];
	size_t n;
};

static void add(struct tokens *t, const char *name, const char *text)
{
	ck_assert_uint_lt(t->n, LIST_MAX);
	snprintf(t->v[t->n++], sizeof t->v[0], "%s%s", name, text);
}

/* "N14,csum,gcppos2", "[X..17]" */
static void add_part(struct tokens *t, const struct ai_part *part)
{
	bool optional = part->flags & PART_OPTIONAL;
	char text[64];
	int n = snprintf(text, sizeof text, "%s%c%s%u%s", optional ? "[" : "", part->type,
			 part->flags & PART_UPTO ? ".." : "", part->max, optional ? "]" : "");
	for (size_t i = 0; i < sizeof part->checks && part->checks[i] != NO_CHECK; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, ",%s",
			      sy_check_name((enum ai_check)part->checks[i]));
	add(t, "", text);
}

/* A row as the dictionary would write it, word by word. */
static void spell_row(const struct ai *row, struct tokens *t)
{
	char flags[3] = "";
	t->n = 0;
	if (row->flags & AI_FIXED)
		strcat(flags, "*");
	if (row->flags & AI_QUERY)
		strcat(flags, "?");
	if (flags[0] != '\0')
		add(t, "", flags);
	for (size_t i = 0; i < PARTS_MAX && row->parts[i].max > 0; i++)
		add_part(t, &row->parts[i]);
	if (row->key != SY_CODE_NONE)
		add(t, row->quals[0] ? "dlpkey=" : "dlpkey", row->quals);
	if (row->req != NULL)
		add(t, "req=", row->req);
	if (row->also != NULL)
		add(t, "req=", row->also);
	if (row->ex != NULL)
		add(t, "ex=", row->ex);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Words in order, so that two lists can be told apart whatever order they were written in. */
static void join(struct tokens *t, char *out, size_t size)
{
	qsort(t->v, t->n, sizeof t->v[0], compare);
	out[0] = '\0';
	for (size_t i = 0; i < t->n; i++) {
		strncat(out, " ", size - strlen(out) - 1);
		strncat(out, t->v[i], size - strlen(out) - 1);
	}
}

/* "3100-3105  *?  N6  req=01,02 ex=310n  # NET WEIGHT (kg)" */
static void check_line(char *line)
{
	struct tokens theirs = {.n = 0}, ours;
	char expected[1024], is[1024], *rest, *title = strchr(line, '#');
	unsigned first = 0, last = 0;
	if (title != NULL)
		*title++ = '\0';
	char *ais = strtok_r(line, " ", &rest), *token;
	while ((token = strtok_r(NULL, " \n", &rest)) != NULL)
		add(&theirs, "", token);
	join(&theirs, expected, sizeof expected);
	if (sscanf(ais, "%u-%u", &first, &last) < 2)
		last = first;
	for (unsigned n = first; n <= last; n++) {
		char text[16];
		snprintf(text, sizeof text, "%0*u", (int)strcspn(ais, "-"), n);
		struct ai_code ai = sy_ai_exact(sy_str(text));
		ck_assert_msg(ai.row != NULL, "(%s) is missing", text);
		spell_row(ai.row, &ours);
		join(&ours, is, sizeof is);
		ck_assert_msg(strcmp(is, expected) == 0, "(%s) is%s, expected%s", text, is,
			      expected);
		size_t length = title ? strcspn(title + 1, "\n") : 0;
		ck_assert_msg(title == NULL || (strlen(ai.row->title) == length &&
						memcmp(ai.row->title, title + 1, length) == 0),
			      "(%s) is called %s, expected %s", text, ai.row->title,
			      title ? title + 1 : "");
	}
}

START_TEST(dictionary)
{
	char path[4096], line[1024];
	const char *data = getenv("SUYUAN_DATA");
	snprintf(path, sizeof path, "%s/gs1-syntax-dictionary.txt", data ? data : "../shared/data");
	FILE *f = fopen(path, "r");
	unsigned lines = 0;
	if (f == NULL) {
		fprintf(stderr, "%s isn't here: the table isn't held against it\n", path);
		return;
	}
	while (fgets(line, sizeof line, f) != NULL)
		if (line[0] >= '0' && line[0] <= '9') {
			check_line(line);
			lines++;
		}
	fclose(f);
	ck_assert_uint_gt(lines, 200);
}
END_TEST

/* Every AI that the table has is found by its digits, with any that follow, and no other. */
START_TEST(search)
{
	unsigned found = 0;
	for (unsigned number = 0; number < 10000; number++) {
		char text[8], name[8];
		snprintf(text, sizeof text, "%04u", number);
		struct ai_code ai = sy_ai_at(sy_str(text));
		if (ai.row == NULL)
			continue;
		found++;
		sy_ai_name(ai, name);
		ck_assert_msg(strncmp(name + 1, text, ai.row->digits) == 0, "%s is found as %s",
			      text, name);
		text[ai.row->digits] = '\0';
		ck_assert_ptr_eq(sy_ai_exact(sy_str(text)).row, ai.row);
		text[ai.row->digits - 1] = '\0';
		ck_assert_msg(sy_ai_exact(sy_str(text)).row == NULL, "%s is none", text);
	}
	ck_assert_uint_gt(found, 2000);
	ck_assert_ptr_null(sy_ai_at(sy_str("")).row);
	ck_assert_ptr_null(sy_ai_at(sy_str("1")).row);
	ck_assert_ptr_null(sy_ai_at(sy_str("x1")).row);
	ck_assert_ptr_null(sy_ai_at(sy_str("31")).row);
}
END_TEST

static const struct {
	enum ai_check check;
	const char *good, *bad; /* words */
} checks[] = {
    {CHECK_CSUM, "106141412345678908 06901234567892 96385074", "106141412345678900 96385075"},
    {CHECK_CSUMALPHA,
     "1987654Ad4X4bL5ttr2310c2K 12345678901234567890123NT 62577B8fRG7HJK 99999zzzzzzzzzzzzzzzzzzT2",
     "1987654Ad4X4bL5ttr2310cXK 1987654Ad4X4bL5ttr2310c2X 1"},
    {CHECK_GCPPOS1, "0614141 9520", "952 95a0 A520"},
    {CHECK_GCPPOS2, "10614141 x9520", "9520 x95a0"},
    {CHECK_YYMMD0, "260228 280229 261200", "260229 261301 260001 260431"},
    {CHECK_YYMMDD, "260228 280229", "261200 260229"},
    {CHECK_YYYYMMDD, "20000229 19991231", "19000229 20001301 20000100 20000431"},
    {CHECK_HHMI, "0000 2359", "2400 2360"},
    {CHECK_HH, "00 23", "24"},
    {CHECK_MI, "00 59", "60"},
    {CHECK_SS, "00 59", "60"},
    {CHECK_ZERO, "0", "1"},
    {CHECK_NONZERO, "0001", "0000"},
    {CHECK_NOZEROPREFIX, "0 10", "01 00"},
    {CHECK_HASNONDIGIT, "1a", "12"},
    {CHECK_HYPHEN, "-", "+"},
    {CHECK_YESNO, "0 1", "2"},
    {CHECK_WINDING, "0 1 9", "2"},
    {CHECK_ISO5218, "0 1 2 9", "3"},
    {CHECK_ISO3166, "156 840 004 894", "999 000 155"},
    {CHECK_ISO3166999, "156 999", "998"},
    {CHECK_ISO3166ALPHA2, "CN AD ZW", "XX cn C"},
    {CHECK_ISO4217, "156 978 840", "000 155"},
    {CHECK_IBAN, "FR7630006000011234567890189 BE71096123456769 MU43BOMM0101123456789101000MUR",
     "BE71096123456760 XX71096123456769 BE710961 BE71096123456x69"},
    {CHECK_LATITUDE, "0000000000 1800000000", "1800000001"},
    {CHECK_LONGITUDE, "3600000000", "3600000001"},
    {CHECK_MEDIATYPE, "01 10 80 99", "00 11 79"},
    {CHECK_PACKAGETYPE, "1A 200 BX 9 ZZ", "1 20 BXX"},
    {CHECK_IMPORTERIDX, "A z 0 - _", "+ ."},
    {CHECK_PIECEOFTOTAL, "0101 0102 9999", "0001 0201 0000"},
    {CHECK_POSINSEQSLASH, "1/1 9/10 99/100", "2/1 0/1 01/2 1/ /1 11 1/02 a/1"},
    {CHECK_PCENC, "A%20b %e8%8f%9c plain", "%2 %g0 a%"},
    {CHECK_COUPONCODE,
     "012345612345611110123 012345612345611110123101101230123456 "
     "01234561234561111012330512314051231 01234561234561111012390000 "
     "01234561234561111012350123456 012345612345611110123611234567",
     "a12345612345611110123 01 71234567890123 0123456123456011110123 012345612345611110123x "
     "0123456123456111101234051232 012345612345611110123351231 0123456123456111101237"},
    {CHECK_COUPONPOSOFFER, "001234561234560123456 061234567890121234569123456789012345",
     "201234561234560123456 001234561234561123456 0012345612345601234567 0"},
};

START_TEST(components)
{
	bool seen[CHECKS] = {false};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const char *name = sy_check_name(checks[i].check);
		seen[checks[i].check] = true;
		for (int good = 1; good >= 0; good--) {
			char words[512], *rest = words, *word;
			strcpy(words, good ? checks[i].good : checks[i].bad);
			while ((word = strtok_r(rest, " ", &rest)) != NULL) {
				struct misfit why;
				struct sy_str part = sy_str(word);
				bool holds = sy_check_holds(checks[i].check, part, &why);
				ck_assert_msg(holds == (good == 1), "%s: %s %s", name, word,
					      holds ? "holds" : "doesn't hold");
				ck_assert_msg(holds || (why.n > 0 && why.at + why.n <= part.n),
					      "%s: %s: at %zu, %zu", name, word, why.at, why.n);
			}
		}
	}
	for (int i = NO_CHECK + 1; i < CHECKS; i++)
		ck_assert_msg(seen[i], "%s isn't tested", sy_check_name((enum ai_check)i));
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {{"dictionary", dictionary}, {"search", search}, {"components", components}};
	Suite *s = suite_create("code_table");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
