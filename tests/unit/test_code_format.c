/* Codes written again in the forms that GS1 knows, and explained. */
#include "faults.h"
#include "run.h"

#include <suyuan/codeinfo.h>
#include <suyuan/error.h>

#include <stdio.h>
#include <stdlib.h>

#define GS1 "https://id.gs1.org/"
#define MILK "06901234567892"
#define GS "\x1d"

static struct sy_arena arena;
static struct sy_faults faults;

static void setup(void)
{
	arena = (struct sy_arena){0};
}

static void teardown(void)
{
	sy_arena_free(&arena);
}

static struct sy_code parsed(const char *text)
{
	struct sy_code c;
	sy_faults_init(&faults, &arena);
	int err = sy_code_parse(&arena, sy_str(text), &c, &faults, SY_NO_RECORD, "");
	ck_assert_msg(err == SY_OK, "%s: %s", text, faults.n ? faults.v[0].detail : "?");
	return c;
}

static int format(const struct sy_code *c, enum sy_code_form form, const char *stem,
		  unsigned length, struct sy_str *out)
{
	struct sy_code_format how = {form, sy_str(stem), length};
	sy_faults_init(&faults, &arena);
	return sy_code_format(&arena, c, &how, out, &faults, SY_NO_RECORD, "");
}

static const struct {
	const char *given, *bracketed, *raw, *link, *urn;
	unsigned length;
} rows[] = {
    {"6901234567892", "(01)" MILK, "01" MILK, GS1 "01/" MILK,
     "urn:epc:idpat:sgtin:6901234.056789.*", 7},
    {"(10)A1(01)" MILK, "(01)" MILK "(10)A1", "01" MILK "10A1", GS1 "01/" MILK "/10/A1",
     "urn:epc:class:lgtin:6901234.056789.A1", 7},
    {"(01)" MILK "(10)A/1(21)s%(17)261231", "(01)" MILK "(17)261231(10)A/1(21)s%",
     "01" MILK "17261231"
     "10A/1" GS "21s%",
     GS1 "01/" MILK "/10/A%2F1/21/s%25?17=261231", "urn:epc:id:sgtin:6901234.056789.s%25", 7},
    {"(01)" MILK "(22)v(10)A(240)x&y(3103)000195(99)z",
     "(01)" MILK "(3103)000195(22)v(10)A(240)x&y(99)z",
     "01" MILK "310300019522v" GS "10A" GS "240x&y" GS "99z",
     GS1 "01/" MILK "/22/v/10/A?240=x%26y&3103=000195&99=z", "urn:epc:class:lgtin:690123456789.0.A",
     12},
    {"(01)" MILK "(10)A\\(12)", "(01)" MILK "(10)A\\(12)", "01" MILK "10A(12)",
     GS1 "01/" MILK "/10/A%2812%29", "urn:epc:class:lgtin:6901234.056789.A(12)", 7},
    {"(01)" MILK "(10)L(235)t", "(01)" MILK "(235)t(10)L", "01" MILK "235t" GS "10L",
     GS1 "01/" MILK "/235/t?10=L", "urn:epc:id:upui:690123.0456789.t", 0},
    {"urn:epc:id:sgtin:0614141.107346.2017", "(01)10614141073464(21)2017", "0110614141073464212017",
     GS1 "01/10614141073464/21/2017", "urn:epc:id:sgtin:0614141.107346.2017", 0},
    {"(00)106141412345678908(02)" MILK "(37)12", "(00)106141412345678908(02)" MILK "(37)12",
     "0010614141234567890802" MILK "3712", GS1 "00/106141412345678908?02=" MILK "&37=12",
     "urn:epc:id:sscc:0614141.1234567890", 7},
    {"(414)4012345000054", "(414)4012345000054", "4144012345000054", GS1 "414/4012345000054",
     "urn:epc:id:sgln:4012345.00005.0", 7},
    {"(414)4012345000054(254)a/b", "(414)4012345000054(254)a/b", "4144012345000054254a/b",
     GS1 "414/4012345000054/254/a%2Fb", "urn:epc:id:sgln:401234500005..a%2Fb", 12},
    {"(417)4012345000054", "(417)4012345000054", "4174012345000054", GS1 "417/4012345000054",
     "urn:epc:id:pgln:4012345.00005", 7},
    {"(8003)040123450007718765", "(8003)040123450007718765", "8003040123450007718765",
     GS1 "8003/040123450007718765", "urn:epc:id:grai:4012345.00077.8765", 7},
    {"(8003)04012345000771", "(8003)04012345000771", "800304012345000771",
     GS1 "8003/04012345000771", "urn:epc:idpat:grai:4012345.00077.*", 7},
    {"(8004)400000112.345", "(8004)400000112.345", "8004400000112.345", GS1 "8004/400000112.345",
     "urn:epc:id:giai:4000001.12.345", 7},
    {"(253)0614141123452400", "(253)0614141123452400", "2530614141123452400",
     GS1 "253/0614141123452400", "urn:epc:id:gdti:0614141.12345.400", 7},
    {"(255)401234567890104711", "(255)401234567890104711", "255401234567890104711",
     GS1 "255/401234567890104711", "urn:epc:id:sgcn:4012345.67890.04711", 7},
    {"(8018)061414112345678902", "(8018)061414112345678902", "8018061414112345678902",
     GS1 "8018/061414112345678902", "urn:epc:id:gsrn:0614141.1234567890", 7},
    {"(8017)061414112345678902", "(8017)061414112345678902", "8017061414112345678902",
     GS1 "8017/061414112345678902", "urn:epc:id:gsrnp:0614141.1234567890", 7},
    {"(401)0614141xyz47/11", "(401)0614141xyz47/11", "4010614141xyz47/11",
     GS1 "401/0614141xyz47%2F11", "urn:epc:id:ginc:0614141.xyz47%2F11", 7},
    {"(402)06141411234567890", "(402)06141411234567890", "40206141411234567890",
     GS1 "402/06141411234567890", "urn:epc:id:gsin:0614141.123456789", 7},
    {"(8010)0614141123ABC/-(8011)12", "(8010)0614141123ABC/-(8011)12",
     "80100614141123ABC/-" GS "801112", GS1 "8010/0614141123ABC%2F-/8011/12",
     "urn:epc:id:cpi:0614141.123ABC%2F-.12", 7},
    {"(8010)0614141A#1", "(8010)0614141A#1", "80100614141A#1", GS1 "8010/0614141A%231",
     "urn:epc:idpat:cpi:0614141.A%231.*", 7},
    {"(8006)040123451111180102(21)987", "(8006)040123451111180102(21)987",
     "8006040123451111180102" GS "21987", GS1 "8006/040123451111180102/21/987",
     "urn:epc:id:itip:4012345.011111.01.02.987", 7},
    {"(8006)040123451111180102", "(8006)040123451111180102", "8006040123451111180102",
     GS1 "8006/040123451111180102", "urn:epc:idpat:itip:4012345.011111.01.02.*", 7},
};
#define ROWS (sizeof rows / sizeof rows[0])

static void expect(const char *given, enum sy_code_form form, unsigned length, const char *expected)
{
	struct sy_code c = parsed(given);
	struct sy_str out;
	int err = format(&c, form, "", length, &out);
	ck_assert_msg(err == SY_OK, "%s as form %d: %s", given, form,
		      faults.n ? faults.v[0].detail : "?");
	ck_assert_msg(sy_str_is(out, expected), "%s as form %d is %s, expected %s", given, form,
		      out.p, expected);
	ck_assert_int_eq(out.p[out.n], '\0');
}

START_TEST(writes)
{
	for (size_t i = 0; i < ROWS; i++) {
		unsigned length = rows[i].length               ? rows[i].length
				  : strchr(rows[i].given, '.') ? 0
							       : 6;
		expect(rows[i].given, SY_FORM_BRACKETED, 0, rows[i].bracketed);
		expect(rows[i].given, SY_FORM_RAW, 0, rows[i].raw);
		expect(rows[i].given, SY_FORM_LINK, 0, rows[i].link);
		expect(rows[i].given, SY_FORM_URN, length, rows[i].urn);
	}
}
END_TEST

START_TEST(stems)
{
	struct sy_code c = parsed("(01)" MILK "(10)A(21)s(17)261231");
	struct sy_str out;
	ck_assert_int_eq(format(&c, SY_FORM_LINK, "HTTP://shop.例.cn:8080/a/", 0, &out), SY_OK);
	ck_assert_str_eq(out.p, "HTTP://shop.例.cn:8080/a/01/" MILK "/10/A/21/s?17=261231");
	static const char *const bad[] = {
	    "shop.example",           "ftp://a.example",      "https://",
	    "https://a.example/?x=1", "https://a.example/#x", "https://a b"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(format(&c, SY_FORM_LINK, bad[i], 0, &out) == SY_EINVAL, "%s", bad[i]);
		ck_assert(out.n == 0 && strstr(faults.v[0].detail, "stem is") != NULL);
	}
}
END_TEST

START_TEST(refuses)
{
	static const struct {
		const char *given;
		enum sy_code_form form;
		unsigned length;
		const char *detail;
	} bad[] = {
	    {"urn:suyuan:own:F:c", SY_FORM_BRACKETED, 0, "has no form as an element string"},
	    {"83857930000879766660", SY_FORM_LINK, 0, "has no form as a GS1 Digital Link"},
	    {"https://shop.example/1", SY_FORM_RAW, 0, "expected a GS1 code"},
	    {"urn:epc:id:gid:1.2.3", SY_FORM_URN, 7, "has no form as an EPC URN"},
	    {"(01)" MILK, SY_FORM_URN, 0, "(01) doesn't say how long its company prefix is"},
	    {"(01)" MILK, SY_FORM_URN, 5, "length is 5, expected 6 to 12"},
	    {"(01)" MILK, SY_FORM_URN, 13, "length is 13"},
	    {"(8004)4000001", SY_FORM_URN, 7, "length is 7"},
	    {"(8004)40000a1", SY_FORM_URN, 6, "length is 6"},
	    {"(8013)1987654Ad4X4bL5ttr2310c2K", SY_FORM_URN, 7, "(8013) has no scheme"},
	    {"(8018)061414112345678902(8019)7", SY_FORM_URN, 7,
	     "(8019) has no place in urn:epc:id:gsrn"},
	    {"(8006)040123451111180102(10)L(21)9", SY_FORM_URN, 7, "(10) has no place"},
	    {"(414)4012345000054(254)0", SY_FORM_URN, 7, "read as another code"},
	    {"(01)" MILK "(235)t(22)v", SY_FORM_LINK, 0, "has no place in this link"},
	    {GS1 "414/4012345000054?01=" MILK, SY_FORM_BRACKETED, 0, "read as another code"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct sy_code c = parsed(bad[i].given);
		struct sy_str out;
		int err = format(&c, bad[i].form, "", bad[i].length, &out);
		ck_assert_msg(err == SY_EINVAL, "%s: error %d, %.*s", bad[i].given, err, (int)out.n,
			      out.p);
		ck_assert_msg(faults.n > 0 && strstr(faults.v[0].detail, bad[i].detail) != NULL,
			      "%s: %s", bad[i].given, faults.n ? faults.v[0].detail : "no fault");
		struct sy_code_format how = {bad[i].form, {"", 0}, bad[i].length};
		ck_assert_int_eq(sy_code_format(&arena, &c, &how, &out, NULL, 0, ""), SY_EINVAL);
	}
}
END_TEST

/* --- every kind, by chance -------------------------------------------------------------------- */

static uint64_t chance = 20261101;

static unsigned pick(unsigned n)
{
	chance = chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(chance >> 33) % n;
}

static char *put_some(char *p, const char *set, unsigned min, unsigned max)
{
	for (unsigned n = min + pick(max - min + 1); n > 0; n--)
		*p++ = set[pick((unsigned)strlen(set))];
	*p = '\0';
	return p;
}

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SET82 "!\"%&'()*+,-./:;<=>?_" DIGITS LETTERS "abcdefghijklmnopqrstuvwxyz"
#define SET39 "#-/" DIGITS LETTERS

/*
 * What a key's value is made of: 9 a digit, ! the check digit of the digits before it from the last
 * bar on, 0 itself; then N characters of a set.
 */
static const struct {
	const char *ai, *shape, *set;
	unsigned min, max;
	const char *quals[3]; /* each with its set and length, "21X20" */
} keys[] = {
    {"01", "|9999999999999!", "", 0, 0, {"22X20", "10X20", "21X20"}},
    {"01", "|9999999999999!", "", 0, 0, {"235X28", NULL, NULL}},
    {"00", "|99999999999999999!", "", 0, 0, {NULL, NULL, NULL}},
    {"253", "|999999999999!", SET82, 0, 17, {NULL, NULL, NULL}},
    {"255", "|999999999999!", DIGITS, 0, 12, {NULL, NULL, NULL}},
    {"401", "9999999", SET82, 1, 23, {NULL, NULL, NULL}},
    {"402", "|9999999999999999!", "", 0, 0, {NULL, NULL, NULL}},
    {"414", "|999999999999!", "", 0, 0, {"254X20", NULL, NULL}},
    {"417", "|999999999999!", "", 0, 0, {NULL, NULL, NULL}},
    {"8003", "0|999999999999!", SET82, 0, 16, {NULL, NULL, NULL}},
    {"8004", "999999", SET82, 1, 24, {NULL, NULL, NULL}},
    {"8006", "|9999999999999!0203", "", 0, 0, {"22X20", "10X20", "21X20"}},
    {"8010", "999999", SET39, 1, 24, {"8011N12", NULL, NULL}},
    {"8017", "|99999999999999999!", "", 0, 0, {"8019N10", NULL, NULL}},
    {"8018", "|99999999999999999!", "", 0, 0, {"8019N10", NULL, NULL}},
};

static char *put_key(char *p, size_t k)
{
	char *from = p;
	for (const char *s = keys[k].shape; *s != '\0'; s++) {
		if (*s == '|')
			from = p;
		else if (*s == '9')
			*p++ = (char)('1' + pick(9));
		else if (*s == '!')
			*p = sy_gs1_check_digit((struct sy_str){from, (size_t)(p - from)}), p++;
		else
			*p++ = *s;
	}
	return put_some(p, keys[k].set, keys[k].min, keys[k].max);
}

static char *put_qualifier(char *p, const char *qual)
{
	size_t n = strcspn(qual, "XN");
	p += sprintf(p, "(%.*s)", (int)n, qual);
	if (qual[n] == 'N')
		*p++ = '1'; /* no zero in front */
	return put_some(p, qual[n] == 'N' ? DIGITS : SET82, qual[n] != 'N',
			(unsigned)strtoul(qual + n + 1, NULL, 10) - (qual[n] == 'N'));
}

/* A code of kind K in brackets. */
static void make(size_t k, char *text)
{
	static const char *const more[] = {"(17)261231", "(11)260300", "(3103)000195",
					   "(240)a&b=c", "(422)156",   "(7003)2612312359"};
	char *p = text;
	p += sprintf(p, "(%s)", keys[k].ai);
	p = put_key(p, k);
	for (size_t q = 0; q < 3 && keys[k].quals[q] != NULL; q++)
		if (pick(2))
			p = put_qualifier(p, keys[k].quals[q]);
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
		if (strcmp(keys[k].ai, "01") == 0 && pick(3) == 0)
			p += sprintf(p, "%s", more[i]);
	if (pick(3) == 0) {
		p += sprintf(p, "(9%u)", pick(10));
		p = put_some(p, SET82, 1, 30);
	}
}

static void same(const char *given, const struct sy_code *c, enum sy_code_form form,
		 const char *stem, unsigned length)
{
	struct sy_str once, twice;
	char text[4096];
	int err = format(c, form, stem, length, &once);
	ck_assert_msg(err == SY_OK, "%s as form %d: %s", given, form, faults.v[0].detail);
	snprintf(text, sizeof text, "%s%s", form == SY_FORM_RAW ? "]d2" : "", once.p);
	struct sy_code again = parsed(text);
	ck_assert_msg(sy_str_eq(c->canonical, again.canonical), "%s as %s is %s", given, text,
		      again.canonical.p);
	ck_assert(c->kind == again.kind && c->scheme == again.scheme);
	ck_assert(sy_str_eq(c->product, again.product) && sy_str_eq(c->serial, again.serial));
	if (form != SY_FORM_URN)
		ck_assert(sy_str_eq(c->lot, again.lot) && sy_str_eq(c->lot_code, again.lot_code) &&
			  sy_str_eq(c->expiry, again.expiry) && sy_str_eq(c->made, again.made));
	ck_assert_int_eq(format(&again, form, stem, length, &twice), SY_OK);
	ck_assert_msg(sy_str_eq(once, twice), "%s, then %s", once.p, twice.p);
}

/* Has it a URN?  One with an SRIN hasn't, nor a part of a lot. */
static bool has_urn(const char *given)
{
	return strncmp(given, "(8006)", 6) != 0 && strstr(given, "(8019)") == NULL &&
	       strstr(given, "(254)0") == NULL;
}

START_TEST(round_trips)
{
	unsigned read = 0, made = 30000 / SLOW;
	for (unsigned i = 0; i < made; i++) {
		char given[512];
		size_t k = i % (sizeof keys / sizeof keys[0]);
		make(k, given);
		struct sy_code c;
		sy_faults_init(&faults, &arena);
		/* A value may hold what looks like an AI in brackets; then it isn't what was meant.
		 */
		if (sy_code_parse(&arena, sy_str(given), &c, &faults, 0, "") != SY_OK)
			continue;
		read++;
		same(given, &c, SY_FORM_BRACKETED, "", 0);
		same(given, &c, SY_FORM_RAW, "", 0);
		same(given, &c, SY_FORM_LINK, "", 0);
		same(given, &c, SY_FORM_LINK, "http://a.example/x/01/y", 0);
		bool loose = strcmp(keys[k].set, "") != 0 && keys[k].min > 0;
		if (has_urn(given))
			same(given, &c, SY_FORM_URN, "", 6 + (loose ? 0 : pick(7)));
		sy_arena_reset(&arena);
	}
	ck_assert_uint_gt(read, made / 100 * 99);
}
END_TEST

/* URN to link and back to the same URN, of every scheme. */
START_TEST(urns)
{
	static const struct {
		const char *name;
		unsigned digits; /* with the prefix; 0: characters follow it */
		bool indicator;
		const char *set;
		unsigned max; /* of the last part, 0 for none */
		const char *pieces, *end;
	} schemes[] = {
	    {"id:sgtin", 13, true, "!'()*+,-.:;=_aZ09", 20, "", ""},
	    {"id:upui", 13, true, "!'()*+,-.:;=_aZ09", 28, "", ""},
	    {"class:lgtin", 13, true, "!'()*+,-.:;=_aZ09", 20, "", ""},
	    {"id:sscc", 17, true, "", 0, "", ""},
	    {"id:sgln", 12, false, "!'()*+,-.:;=_aZ9", 20, "", ""},
	    {"id:sgln", 12, false, "", 0, "", ".0"},
	    {"id:pgln", 12, false, "", 0, "", ""},
	    {"id:grai", 12, false, "!'()*+,-.:;=_aZ09", 16, "", ""},
	    {"id:gdti", 12, false, "!'()*+,-.:;=_aZ09", 17, "", ""},
	    {"id:sgcn", 12, false, DIGITS, 12, "", ""},
	    {"id:gsrn", 17, false, "", 0, "", ""},
	    {"id:gsrnp", 17, false, "", 0, "", ""},
	    {"id:gsin", 16, false, "", 0, "", ""},
	    {"id:itip", 13, true, "!'()*+,-.:;=_aZ09", 20, ".02.03", ""},
	    {"id:giai", 0, false, "!'()*+,-.:;=_aZ09", 18, "", ""},
	    {"id:ginc", 0, false, "!'()*+,-.:;=_aZ09", 18, "", ""},
	    {"id:cpi", 0, false, "A-Z09", 18, "", ".12"},
	    {"idpat:sgtin", 13, true, "", 0, "", ".*"},
	    {"idpat:grai", 12, false, "", 0, "", ".*"},
	    {"idpat:gdti", 12, false, "", 0, "", ".*"},
	    {"idpat:sgcn", 12, false, "", 0, "", ".*"},
	    {"idpat:cpi", 0, false, "A-Z09", 18, "", ".*"},
	    {"idpat:itip", 13, true, "", 0, ".02.03", ".*"},
	};
	for (unsigned i = 0; i < 10000 / SLOW; i++) {
		size_t k = i % (sizeof schemes / sizeof schemes[0]);
		unsigned length = 6 + pick(7);
		char urn[256], *p = urn + sprintf(urn, "urn:epc:%s:", schemes[k].name);
		p = put_some(p, "123456789", length, length);
		*p++ = '.';
		if (schemes[k].digits > 0)
			p = put_some(p, DIGITS, schemes[k].digits - length,
				     schemes[k].digits - length);
		p += sprintf(p, "%s", schemes[k].pieces);
		if (schemes[k].max > 0) {
			if (schemes[k].digits > 0)
				*p++ = '.';
			p = put_some(p, schemes[k].set, 1, schemes[k].max);
		}
		strcpy(p, schemes[k].end);
		struct sy_code c = parsed(urn), link = parsed(c.canonical.p);
		struct sy_str again;
		ck_assert_msg(format(&c, SY_FORM_URN, "", 0, &again) == SY_OK, "%s: %s", urn,
			      faults.v[0].detail);
		ck_assert_msg(sy_str_is(again, urn), "%s is %s", urn, again.p);
		ck_assert_msg(format(&link, SY_FORM_URN, "", length, &again) == SY_OK, "%s: %s",
			      c.canonical.p, faults.v[0].detail);
		ck_assert_msg(sy_str_is(again, urn), "%s by %s is %s", urn, c.canonical.p, again.p);
		sy_arena_reset(&arena);
	}
}
END_TEST

/* Stems of our own: parts of any script, built, read and built again. */
START_TEST(own)
{
	static const char *const signs[] = {"A", "z", "0", ":", "/", "%", " ", "菜", "é", "😀"};
	for (unsigned i = 0; i < 3000 / SLOW; i++) {
		char part[3][128] = {"", "", ""};
		for (size_t k = 0; k < 3; k++)
			for (unsigned n = 1 + pick(k == 1 ? 20 : 30); n > 0; n--)
				strcat(part[k], signs[pick(sizeof signs / sizeof signs[0])]);
		struct sy_code product = parsed(pick(2) ? "urn:suyuan:own:F:c"
							: "urn:suyuan:own:91350100M000100Y43:菜"),
			       lot, unit;
		ck_assert_int_eq(sy_code_lot(&arena, &product, sy_str(part[1]), &lot), SY_OK);
		ck_assert_int_eq(
		    sy_code_unit(&arena, pick(2) ? &lot : &product, sy_str(part[2]), &unit), SY_OK);
		ck_assert(sy_str_is(lot.lot, part[1]) && sy_str_is(unit.serial, part[2]));
		struct sy_code again = parsed(unit.canonical.p);
		ck_assert(sy_str_eq(again.canonical, unit.canonical));
		ck_assert(sy_str_eq(again.lot, unit.lot) && sy_str_eq(again.serial, unit.serial));
		sy_arena_reset(&arena);
	}
}
END_TEST

/* --- explained -------------------------------------------------------------------------------- */

START_TEST(explains)
{
	struct sy_code_info info;
	sy_faults_init(&faults, &arena);
	ck_assert_int_eq(sy_code_explain(&arena,
					 SY_STR(GS1 "01/" MILK "/10/A%2F1/21/s?17=261231&x=1"),
					 &info, &faults),
			 SY_OK);
	static const struct {
		const char *ai, *title, *value;
		enum sy_code_role role;
	} parts[] = {{"01", "GTIN", MILK, SY_PART_KEY},
		     {"10", "BATCH/LOT", "A/1", SY_PART_QUALIFIER},
		     {"21", "SERIAL", "s", SY_PART_QUALIFIER},
		     {"17", "USE BY or EXPIRY", "261231", SY_PART_ATTRIBUTE}};
	ck_assert_uint_eq(info.n_parts, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(info.parts[i].ai, parts[i].ai);
		ck_assert_str_eq(info.parts[i].title, parts[i].title);
		ck_assert(sy_str_is(info.parts[i].value, parts[i].value));
		ck_assert_int_eq(info.parts[i].role, parts[i].role);
	}
	ck_assert_uint_eq(info.n_marks + info.n_readings, 0);
}
END_TEST

/* Each fault with what stands in the text where it is. */
START_TEST(marks)
{
	static const struct {
		const char *given, *marked[3];
	} texts[] = {
	    {"(01)06901234567893(10)A#b(17)269900", {"3", "#", "269900"}},
	    {GS1 "01/" MILK "/10/A%23b", {"%23", NULL, NULL}},
	    {"(01)" MILK "(10)a\\((10)#", {"#", NULL, NULL}},
	    {"]C101" MILK "10A^21s", {"^", NULL, NULL}},
	    {"(01)" MILK "(05)x(4303)y", {"05", "y", NULL}},
	    {GS1 "01/" MILK "?21=s", {"21", NULL, NULL}},
	    {"urn:epc:id:sgtin:06141.1073461234.1", {"06141", NULL, NULL}},
	    {"urn:suyuan:own:F:a%00b", {"%00", NULL, NULL}},
	    {"91350100M000100Y4A", {"A", NULL, NULL}},
	    {"milk", {"m", NULL, NULL}},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct sy_code_info info;
		size_t n = 0;
		sy_faults_init(&faults, &arena);
		ck_assert(sy_code_explain(&arena, sy_str(texts[i].given), &info, &faults) != SY_OK);
		for (; n < 3 && texts[i].marked[n] != NULL; n++) {
			ck_assert_uint_gt(info.n_marks, n);
			struct sy_str is = {texts[i].given + info.marks[n].at, info.marks[n].n};
			ck_assert_msg(sy_str_is(is, texts[i].marked[n]), "%s: %s: marks \"%.*s\"",
				      texts[i].given, faults.v[n].detail, (int)is.n, is.p);
		}
		ck_assert_uint_eq(info.n_marks, n);
	}
}
END_TEST

START_TEST(readings)
{
	static const struct {
		const char *given, *names; /* + holds, - doesn't, * taken */
	} texts[] = {
	    {"6901234567892", "gtin+* gln+"},
	    {"6901234567893", "gtin- gln-"},
	    {"86904879000126", "gtin+* drug-standard-code+"},
	    {"96385074", "gtin+*"},
	    {"106141412345678908", "sscc+* uscc-"},
	    {"911101081000000052", "sscc- uscc+*"},
	    {"911101081000001195", "sscc+ uscc+"},
	    {"91350100M000100Y43", "uscc+*"},
	    {"83857930000879766660", "drug-trace-code+*"},
	    {"8385793", "drug-product-code+"},
	    {"SC10744030704994", "food-licence+"},
	    {"SC10744030704995", "food-licence-"},
	    {"XK13-001-00001", "product-licence+"},
	    {"2020010101290374", "compulsory-certificate+"},
	    {"国药准字H20203063", "drug-approval+"},
	    {"130102", "region+"},
	    {"990102", "region-"},
	    {"(01)" MILK, ""},
	    {"milk", ""},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct sy_code_info info;
		char names[256] = "";
		sy_faults_init(&faults, &arena);
		sy_code_explain(&arena, sy_str(texts[i].given), &info, &faults);
		for (size_t k = 0; k < info.n_readings; k++) {
			const struct sy_code_reading *r = &info.readings[k];
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s%s%s",
				 k ? " " : "", r->name, r->holds ? "+" : "-", r->taken ? "*" : "");
		}
		ck_assert_msg(strcmp(names, texts[i].names) == 0, "%s: %s", texts[i].given, names);
	}
	struct sy_code c;
	sy_faults_init(&faults, &arena);
	sy_code_parse(&arena, SY_STR("SC10744030704994"), &c, &faults, 0, "");
	ck_assert_ptr_nonnull(strstr(faults.v[0].detail, "looks like a licence to produce food"));
}
END_TEST

START_TEST(out_of_memory)
{
	for (size_t i = 0; i < ROWS; i++) {
		for (unsigned n = 1;; n++) {
			struct sy_arena fresh = {0};
			struct sy_code_info info;
			struct sy_code_format how = {SY_FORM_LINK, {"", 0}, 0};
			struct sy_str out;
			sy_faults_init(&faults, &fresh);
			fail_alloc_at(n);
			int err = sy_code_explain(&fresh, sy_str(rows[i].given), &info, &faults);
			if (err == SY_OK)
				err =
				    sy_code_format(&fresh, &info.code, &how, &out, &faults, 0, "");
			bool failed = alloc_failed();
			fail_alloc_at(0);
			ck_assert_msg(err == (failed ? SY_ENOMEM : SY_OK), "%s: error %d at %u",
				      rows[i].given, err, n);
			sy_arena_free(&fresh);
			if (!failed)
				break;
		}
	}
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {
	    {"writes", writes},           {"stems", stems}, {"refuses", refuses},
	    {"round_trips", round_trips}, {"urns", urns},   {"own", own},
	    {"explains", explains},       {"marks", marks}, {"readings", readings},
	    {"memory", out_of_memory},
	};
	Suite *s = suite_create("code_format");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_set_timeout(c, 60);
		tcase_add_checked_fixture(c, setup, teardown);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
