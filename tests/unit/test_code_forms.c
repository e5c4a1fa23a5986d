/* Shapes that a code may have: what each is read as, and the words for what none may be. */
#include "run.h"

#include <suyuan/code.h>
#include <suyuan/error.h>

#define GS1 "https://id.gs1.org/"
#define MILK "06901234567892"
#define GTIN GS1 "01/" MILK
#define LOT GTIN "/10/A1"
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

static int parse(const char *text, bool settled, struct sy_code *out)
{
	sy_faults_init(&faults, &arena);
	faults.settled = settled;
	return sy_code_parse(&arena, sy_str(text), out, &faults, SY_NO_RECORD, "");
}

static void expect(const char *text, const char *canonical)
{
	struct sy_code c, again;
	int err = parse(text, false, &c);
	ck_assert_msg(err == SY_OK, "%s: %s", text, faults.n ? faults.v[0].detail : "?");
	ck_assert_msg(sy_str_is(c.canonical, canonical), "%s is %s, expected %s", text,
		      c.canonical.p, canonical);
	ck_assert_msg(parse(canonical, false, &again) == SY_OK &&
			  sy_str_eq(again.canonical, c.canonical),
		      "%s isn't its own canonical form", canonical);
}

static void refuse(const char *text, int want, const char *detail)
{
	struct sy_code c;
	int err = parse(text, false, &c);
	ck_assert_msg(err == want, "%s: error %d", text, err);
	ck_assert_msg(faults.n > 0 && strstr(faults.v[0].detail, detail) != NULL,
		      "%s: \"%s\", expected \"%s\"", text, faults.n ? faults.v[0].detail : "",
		      detail);
	size_t n = faults.n;
	const char *english = faults.v[0].detail;
	sy_faults_init(&faults, &arena);
	faults.chinese = true;
	ck_assert_int_eq(sy_code_parse(&arena, sy_str(text), &c, &faults, SY_NO_RECORD, ""), want);
	ck_assert_uint_eq(faults.n, n);
	ck_assert_msg(sy_utf8_valid(faults.v[0].detail, strlen(faults.v[0].detail), NULL) &&
			  strcmp(faults.v[0].detail, english) != 0,
		      "%s in Chinese: %s", text, faults.v[0].detail);
}

struct row {
	const char *given, *canonical;
};
#define EACH(table, i) (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++)

START_TEST(scans)
{
	static const struct row good[] = {
	    {"]e1"
	     "01" MILK "10A1",
	     LOT},
	    {"]d5"
	     "01" MILK "10A1",
	     LOT},
	    {"]Q4"
	     "01" MILK "10A1",
	     LOT},
	    {"]J1"
	     "01" MILK "10A1" GS "3103001250",
	     LOT},
	    {"]C1"
	     "01" MILK "3103001250"
	     "10A1",
	     LOT},
	    {"]E0"
	     "6901234567892",
	     GTIN},
	    {"]E0"
	     "0614141000036",
	     GS1 "01/00614141000036"},
	    {"]E3"
	     "690123456789212",
	     GTIN},
	    {"]E3"
	     "690123456789212345",
	     GTIN},
	    {"]E4"
	     "96385074",
	     GS1 "01/00000096385074"},
	    {"]I1" MILK, GTIN},
	    {"]C0"
	     "83857930000879766660",
	     "urn:suyuan:cn:drug:83857930000879766660"},
	    {"]Q1" LOT, LOT},
	    {"]h0"
	     "https://shop.example/01/" MILK "/10/A1",
	     LOT},
	    {"]Q1"
	     "urn:suyuan:ma:MA.156.1",
	     "urn:suyuan:ma:MA.156.1"},
	    {"01" MILK, GTIN},
	    {"00106141412345678908", GS1 "00/106141412345678908"},
	    {"00106141412345678908"
	     "02" MILK "3712",
	     GS1 "00/106141412345678908"},
	};
	for
		EACH(good, i)
	expect(good[i].given, good[i].canonical);
	refuse("]E0" LOT, SY_EINVAL, "character 4: expected a GTIN");
	refuse("]E3"
	       "69012345678921",
	       SY_ECHECK, "(01) check digit");
	refuse("]E1"
	       "12",
	       SY_EINVAL, "symbology prefix");
	refuse("]C1"
	       "01" MILK "10A^21s",
	       SY_EINVAL, "(10) character 2 is \"^\"");
	refuse("01"
	       "06901234567897"
	       "10A1",
	       SY_ECHECK, "(01) check digit is 7, expected 2");
}
END_TEST

START_TEST(links)
{
	static const struct row good[] = {
	    {"https://例子.中国/01/" MILK "/10/A1", LOT},
	    {"https://xn--fsq.xn--0zwm56d/01/" MILK "/10/A1", LOT},
	    {"https://[2001:db8::1]:8443/01/" MILK "/10/A1", LOT},
	    {"https://192.0.2.1/a%20b/01/" MILK "/10/A1/", LOT},
	    {"HTTP://EXAMPLE.COM:80/01/" MILK "/10/A1?linkType=gs1:pip&lang=zh#x", LOT},
	    {LOT "?17=261231&3103=000195&utm_source=x&s;y", LOT},
	    {GS1 "00/106141412345678908?02=" MILK "&37=12&10=A1", GS1 "00/106141412345678908"},
	    {GS1 "414/4012345000054?01=" MILK, GS1 "414/4012345000054"},
	    {GS1 "414/4012345000054/7040/1abc", GS1 "414/4012345000054/7040/1abc"},
	    {"(414)4012345000054(254)a(7040)1abc", GS1 "414/4012345000054/254/a"},
	    {GS1 "8006/" MILK "0102/22/v/10/A/21/s", GS1 "8006/" MILK "0102/22/v/10/A/21/s"},
	    {GTIN "/22/v/21/s", GTIN "/21/s"},
	    {GTIN "/22/v", GTIN},
	    {GS1 "8017/401234500000000005/8019/7", GS1 "8017/401234500000000005/8019/7"},
	    {GS1 "415/4012345000054/8020/R%2F1", GS1 "415/4012345000054/8020/R%2F1"},
	    {"https://a.example/gtin/" MILK "x", "https://a.example/gtin/" MILK "x"},
	    {"https://a.example/2024/01/20240110/x", "https://a.example/2024/01/20240110/x"},
	    {"https://a.example/lot/" MILK "/x/y", "https://a.example/lot/" MILK "/x/y"},
	    {"https://a.example/2026/01/15%20x", "https://a.example/2026/01/15%20x"},
	};
	static const struct {
		const char *given;
		int err;
		const char *detail;
	} bad[] = {
	    {GTIN "?21=s", SY_EINVAL, "(21) can't stand in a link's query"},
	    {GTIN "/22/v/235/x", SY_EINVAL, "(235) can't stand here after (01)"},
	    {GTIN "/10/A/22/v", SY_EINVAL, "(22) can't stand here after (01)"},
	    {GTIN "?10=A%4", SY_EINVAL, "(10) character 2: expected two hex digits"},
	    {GTIN "/10/", SY_EINVAL, "single segment follows (01)"},
	    {GTIN "//10/A", SY_EINVAL, "no GS1 key"},
	    {GTIN "?37=12", SY_EINVAL, "(01) and (37) exclude each other"},
	    {GTIN "?4303=x", SY_EINVAL, "(4303) can't stand alone, expected (4302) beside it"},
	    {GTIN "?422=999", SY_EINVAL, "(422) characters 1 to 3 are 999, expected a country"},
	    {GTIN "?422=156&426=156", SY_EINVAL, "(422) and (426) exclude"},
	    {"https://a.example/gtin/" MILK "/lot/A1", SY_EINVAL, "short name"},
	    {"https://a.example/gtin/" MILK "/10/A1", SY_EINVAL, "expected the number of (01)"},
	    {"https://a.example/x/sscc/106141412345678908", SY_EINVAL, "of (00)"},
	    {"https://a.example/01/" MILK "/Hx9y_-AAAA", SY_EINVAL, "single segment follows (01)"},
	    {GS1 "AQnYUc1gmiyZJg", SY_EINVAL, "compressed"},
	    {"https://a.example:http/01/" MILK, SY_EINVAL, "expected a port"},
	    {"https://:80/01/" MILK, SY_EINVAL, "character 9: expected a host"},
	};
	for
		EACH(good, i)
	expect(good[i].given, good[i].canonical);
	for
		EACH(bad, i)
	refuse(bad[i].given, bad[i].err, bad[i].detail);
}
END_TEST

START_TEST(epc)
{
	static const struct row good[] = {
	    {"urn:epc:id:gsrn:0614141.1234567890", GS1 "8018/061414112345678902"},
	    {"urn:epc:id:gsrnp:0614141.1234567890", GS1 "8017/061414112345678902"},
	    {"urn:epc:id:ginc:0614141.xyz47%2F11", GS1 "401/0614141xyz47%2F11"},
	    {"urn:epc:id:gsin:0614141.123456789", GS1 "402/06141411234567890"},
	    {"urn:epc:id:sgcn:4012345.67890.04711", GS1 "255/401234567890104711"},
	    {"urn:epc:id:upui:1234567.089456.51qIgY%29%3C%26Jp3*j7'SDB",
	     GS1 "01/01234567894560/235/51qIgY%29%3C%26Jp3%2Aj7%27SDB"},
	    {"urn:epc:id:cpi:0614141.123ABC%2F-.123456789",
	     GS1 "8010/0614141123ABC%2F-/8011/123456789"},
	    {"urn:epc:idpat:sgcn:4012345.67890.*", GS1 "255/4012345678901"},
	    {"urn:epc:idpat:cpi:0614141.5PQ7%2FZ43.*", GS1 "8010/06141415PQ7%2FZ43"},
	    {"urn:epc:idpat:itip:4012345.011111.01.02.*", GS1 "8006/040123451111180102"},
	    {"urn:epc:idpat:grai:4012345.00077.*", GS1 "8003/04012345000771"},
	    {"urn:epc:idpat:gdti:0614141.12345.*", GS1 "253/0614141123452"},
	    {"URN:EPC:ID:SGTIN:0614141.107346.2017", GS1 "01/10614141073464/21/2017"},
	    {"urn:epc:id:gid:95100000.12345.400", "urn:epc:id:gid:95100000.12345.400"},
	    {"urn:epc:id:usdod:2S194.12345678901", "urn:epc:id:usdod:2S194.12345678901"},
	    {"urn:epc:id:adi:2S194..12345678901", "urn:epc:id:adi:2S194..12345678901"},
	    {"urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", "urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52"},
	    {"urn:epc:id:bic:CSQU3054383", "urn:epc:id:bic:CSQU3054383"},
	    {"urn:epc:id:imovn:9176187", "urn:epc:id:imovn:9176187"},
	    {"urn:epc:idpat:sgtin:*.*.*", "urn:epc:idpat:sgtin:*.*.*"},
	    {"urn:epc:tag:sgtin-96:3.0614141.112345.400",
	     "urn:epc:tag:sgtin-96:3.0614141.112345.400"},
	};
	static const struct {
		const char *given;
		int err;
		const char *detail;
	} bad[] = {
	    {"urn:epc:id:bic:CSQU3054384", SY_ECHECK, "check digit is 4, expected 3, character 26"},
	    {"urn:epc:id:bic:CSQX3054383", SY_EINVAL, "ISO 6346"},
	    {"urn:epc:id:bic:CSQU305438", SY_EINVAL, "ISO 6346"},
	    {"urn:epc:id:imovn:9176188", SY_ECHECK, "expected 7"},
	    {"urn:epc:id:imovn:917618x", SY_EINVAL, "seven digits"},
	    {"urn:epc:id:gid:95100000.012345.400", SY_EINVAL, "leading zeros"},
	    {"urn:epc:id:gid:268435456.1.1", SY_EINVAL, "urn:epc:id:gid:"},
	    {"urn:epc:id:gid:1.1", SY_EINVAL, "urn:epc:id:gid:"},
	    {"urn:epc:id:gid:1.1.1.1", SY_EINVAL, "urn:epc:id:gid:"},
	    {"urn:epc:id:usdod:2I194.1", SY_EINVAL, "CAGE"},
	    {"urn:epc:id:adi:2S194.a.1", SY_EINVAL, "capitals"},
	    {"urn:epc:id:stgin:0614141.107346.1", SY_EINVAL, "character 9: no scheme"},
	    {"urn:epc:class:sgtin:0614141.107346.1", SY_EINVAL, "no scheme"},
	    {"urn:epc:id:sgtin:0614141.107346.a/b", SY_EINVAL, "character 34 is /, expected %2F"},
	    {"urn:epc:id:grai:4012345.00077.", SY_EINVAL, "expected a serial number"},
	    {"urn:epc:id:cpi:0614141.a1.12", SY_EINVAL, "(8010) character 8"},
	    {"urn:epc:id:cpi:0614141.A1.012", SY_EINVAL,
	     "(8011) character 1 is 0, expected no zero"},
	};
	for
		EACH(good, i)
	expect(good[i].given, good[i].canonical);
	for
		EACH(bad, i)
	refuse(bad[i].given, bad[i].err, bad[i].detail);
}
END_TEST

START_TEST(china)
{
	static const struct row good[] = {
	    {"91350100M000100Y43", "urn:suyuan:cn:uscc:91350100M000100Y43"},
	    {"91350100m000100y43", "urn:suyuan:cn:uscc:91350100M000100Y43"},
	    {"106141412345678908", GS1 "00/106141412345678908"},
	    {"911101081000000052", "urn:suyuan:cn:uscc:911101081000000052"},
	    {"MA.156.1001.2/A", "urn:suyuan:ma:MA.156.1001.2/A"},
	    {"88.1000.2/菜", "urn:suyuan:handle:88.1000.2/菜"},
	    {"86904879000126", GS1 "01/86904879000126"},
	};
	for
		EACH(good, i)
	expect(good[i].given, good[i].canonical);
	refuse("91350100M000100Y4A", SY_ECHECK, "unified social credit code");
	refuse("106141412345678900", SY_EINVAL, "18 digits could be several things");
	refuse("911101081000001195", SY_EINVAL, "18 digits could be several things");
	refuse("88.1000.2/a b", SY_EINVAL, "character 12 is \" \"");
	refuse("88./a", SY_EINVAL, "is no code");
	refuse("86904879000127", SY_ECHECK, "(01) check digit is 7, expected 6");
}
END_TEST

/* Rules that came later take nothing out of the ledger that was let in before. */
START_TEST(settled)
{
	static const struct row rows[] = {
	    {LOT "?37=12", LOT},
	    {LOT "?422=999&426=156", LOT},
	    {LOT "?00=123", LOT},
	    {GTIN "?21=s", GTIN "/21/s"},
	    {"https://a.example:http/01/" MILK, GTIN},
	    {"https://a.example/gtin/" MILK, "https://a.example/gtin/" MILK},
	    {"https://a.example/01/" MILK "/details", "https://a.example/01/" MILK "/details"},
	    {GS1 "8004/x", GS1 "8004/x"},
	    {GS1 "8010/A/8011/01", GS1 "8010/A/8011/01"},
	    {"urn:epc:id:bic:x", "urn:epc:id:bic:x"},
	    {"urn:epc:id:new:x", "urn:epc:id:new:x"},
	    {"urn:epc:id:sgtin:0614141.107346.a/b", GS1 "01/10614141073464/21/a%2Fb"},
	    {"urn:epc:id:grai:4012345.00077.", GS1 "8003/04012345000771"},
	};
	struct sy_code c;
	for
		EACH(rows, i)
		{
			ck_assert_msg(parse(rows[i].given, false, &c) != SY_OK, "%s",
				      rows[i].given);
			ck_assert_msg(parse(rows[i].given, true, &c) == SY_OK, "%s: %s",
				      rows[i].given, faults.n ? faults.v[0].detail : "?");
			ck_assert_msg(sy_str_is(c.canonical, rows[i].canonical), "%s is %s",
				      rows[i].given, c.canonical.p);
		}
	ck_assert_int_eq(parse(GS1 "01/06901234567893", true, &c), SY_ECHECK);
	ck_assert_int_eq(parse("milk", true, &c), SY_EINVAL);
}
END_TEST

START_TEST(pairs)
{
	static const struct row good[] = {
	    {"(01)" MILK "(8030)AbC-_=(21)s", GTIN "/21/s"},
	    {"(01)" MILK "(250)x(21)s", GTIN "/21/s"},
	    {"(01)" MILK "(3920)150(30)2", GTIN},
	    {"(8006)" MILK "0102(10)A", GS1 "8006/" MILK "0102/10/A"},
	    {"(00)106141412345678908(02)" MILK "(37)12(10)A1(3302)000100",
	     GS1 "00/106141412345678908"},
	    {"(415)4012345000054(8020)R1(3902)1050", GS1 "415/4012345000054/8020/R1"},
	    {"(8018)401234500000000005(7258)1/2(7259)L", GS1 "8018/401234500000000005"},
	    {"(01)" MILK "(99)x(91)y(90)z", GTIN},
	};
	static const struct row bad[] = {
	    {"(01)" MILK "(8030)AbC",
	     "(8030) can't stand alone, expected (00) or (01) with (21) or"},
	    {"(01)" MILK "(250)x", "(250) can't stand alone, expected (21)"},
	    {"(01)" MILK "(02)" MILK "(37)1", "exclude each other"},
	    {"(01)" MILK "(3100)000001(3101)000010", "(3100) and (3101) exclude"},
	    {"(01)" MILK "(21)a(235)b", "(21) and (235) exclude each other"},
	    {"(00)106141412345678908(37)1", "(37) can't stand alone"},
	    {"(00)106141412345678908(4330)001000(4331)001000", "(4330) and (4331) exclude"},
	    {"(8018)401234500000000005(8017)401234500000000005", "(8018) and (8017) exclude"},
	    {"(415)4012345000054", "(415) can't stand alone, expected (8020)"},
	};
	struct sy_code c;
	for
		EACH(good, i)
	expect(good[i].given, good[i].canonical);
	for
		EACH(bad, i)
	refuse(bad[i].given, SY_EINVAL, bad[i].canonical);
	/* A fault of what is there doesn't make it missing. */
	ck_assert_int_eq(parse("(01)06901234567893(10)A1", false, &c), SY_ECHECK);
	ck_assert_uint_eq(faults.n, 1);
}
END_TEST

/* --- kinds without GS1's syntax, by chance -----------------------------------------------------
 */

static uint64_t chance = 20261124;

static unsigned pick(unsigned n)
{
	chance = chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(chance >> 33) % n;
}

/* FORMAT's signs by others of their kind: 9 a digit, A a capital, C one of a social credit code, x
 * a hex digit, ~ a character of a URI; others stand for themselves, as does what is behind a \\. */
static void put(const char *format, char *p)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	for (; *format; format++)
		if (*format == '9')
			*p++ = alphabet[pick(10)];
		else if (*format == 'A')
			*p++ = alphabet[10 + pick(26)];
		else if (*format == 'C')
			*p++ = "ABCDEFGHJKLMNPQRTUWXY"[pick(21)];
		else if (*format == 'x')
			*p++ = "0123456789abcdef"[pick(16)];
		else if (*format == '~')
			*p++ = "-._~!$&'()*+,;=:@aZ0"[pick(20)];
		else
			*p++ = *format == '\\' ? *++format : *format;
	*p = '\0';
}

/* The digit or character that makes the text before it hold; none: it holds as it is. */
static bool complete(char *text, const char *marks)
{
	struct sy_code c;
	size_t n = strlen(text);
	if (marks == NULL)
		return parse(text, false, &c) == SY_OK;
	for (text[n + 1] = '\0'; *marks; marks++) {
		text[n] = *marks;
		if (parse(text, false, &c) == SY_OK)
			return true;
	}
	return false;
}

/*
 * What is read is read again from its canonical form as the same: kind, scheme, product, lot and
 * serial; and of a code that ends in a check character exactly one of all is right.
 */
START_TEST(others)
{
	static const char digits[] = "0123456789", uscc[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	static const struct {
		const char *format, *marks;
		enum sy_code_kind kind;
		enum sy_code_scheme scheme;
	} kinds[] = {
	    {"9999999", digits, SY_CODE_PRODUCT, SY_SCHEME_GS1},
	    {"99999999999", digits, SY_CODE_PRODUCT, SY_SCHEME_GS1},
	    {"999999999999", digits, SY_CODE_PRODUCT, SY_SCHEME_GS1},
	    {"9999999999999", digits, SY_CODE_PRODUCT, SY_SCHEME_GS1},
	    {"8690\\99999999\\9", digits, SY_CODE_PRODUCT, SY_SCHEME_GS1},
	    {"89999999999999999999", NULL, SY_CODE_CN_DRUG, SY_SCHEME_CN},
	    {"urn:suyuan:cn:drug:89999999999999999999", NULL, SY_CODE_CN_DRUG, SY_SCHEME_CN},
	    {"urn:suyuan:cn:drug-product:8999999", NULL, SY_CODE_PRODUCT, SY_SCHEME_CN},
	    {"urn:suyuan:cn:drug-product:8999999:lot:AAA99", NULL, SY_CODE_LOT, SY_SCHEME_CN},
	    {"91999999MCCC99999", uscc, SY_CODE_PARTY, SY_SCHEME_CN},
	    {"urn:suyuan:cn:uscc:91999999MCCC99999", uscc, SY_CODE_PARTY, SY_SCHEME_CN},
	    {"urn:suyuan:ecode:9999A999", NULL, SY_CODE_OTHER, SY_SCHEME_CN},
	    {"M\\A.156.9999.99/A99", NULL, SY_CODE_OTHER, SY_SCHEME_CN},
	    {"88.9999.9/A~~", NULL, SY_CODE_OTHER, SY_SCHEME_CN},
	    {"urn:suyuan:own:AAA:9A9", NULL, SY_CODE_PRODUCT, SY_SCHEME_OWN},
	    {"urn:suyuan:own:AAA:9A9:lot:A%2F9:serial:9A9A", NULL, SY_CODE_UNIT, SY_SCHEME_OWN},
	    {"urn:epc:id:gid:1999999.1999.1999", NULL, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	    {"urn:epc:id:usdod:2S194.1999", NULL, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	    {"urn:epc:id:adi:2S194.A9-9.9A", NULL, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	    {"urn:epc:id:bic:AAAU999999", digits, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	    {"urn:epc:id:imovn:999999", digits, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	    {"urn:uuid:xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx", NULL, SY_CODE_OTHER,
	     SY_SCHEME_PRIVATE},
	    {"https://shop.example/a/~~~~9A", NULL, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	    {"tag:a.example,2026:~~~", NULL, SY_CODE_OTHER, SY_SCHEME_PRIVATE},
	};
	enum { N = sizeof kinds / sizeof kinds[0] };
	unsigned read[N] = {0};
	for (unsigned i = 0; i < N * (600 / SLOW); i++) {
		unsigned k = i % N;
		char text[128];
		struct sy_code c, again;
		put(kinds[k].format, text);
		if (!complete(text, kinds[k].marks))
			continue;
		read[k]++;
		ck_assert_int_eq(parse(text, false, &c), SY_OK);
		ck_assert_msg(c.kind == kinds[k].kind && c.scheme == kinds[k].scheme,
			      "%s is a %s of %s", text, sy_code_kind_name(c.kind),
			      sy_code_scheme_name(c.scheme));
		ck_assert_msg(parse(c.canonical.p, false, &again) == SY_OK, "%s", c.canonical.p);
		ck_assert_msg(sy_str_eq(c.canonical, again.canonical), "%s is %s, and that %s",
			      text, c.canonical.p, again.canonical.p);
		ck_assert(c.kind == again.kind && c.scheme == again.scheme);
		ck_assert(sy_str_eq(c.product, again.product) && sy_str_eq(c.lot, again.lot));
		ck_assert(sy_str_eq(c.lot_code, again.lot_code));
		ck_assert(sy_str_eq(c.serial, again.serial) && sy_str_eq(c.gtin, again.gtin));
		sy_arena_reset(&arena);
	}
	for (unsigned k = 0; k < N; k++)
		ck_assert_msg(read[k] * 2 >= 600 / SLOW, "%s: only %u are read", kinds[k].format,
			      read[k]);
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {{"scans", scans},     {"links", links}, {"epc", epc},      {"china", china},
		     {"settled", settled}, {"pairs", pairs}, {"others", others}};
	Suite *s = suite_create("code_forms");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_add_checked_fixture(c, setup, teardown);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
