#include "faults.h"
#include "run.h"

#include <suyuan/codeinfo.h>
#include <suyuan/error.h>

#include <stdlib.h>

#define GS1 "https://id.gs1.org/"
#define MILK "06901234567892"
#define GS "\x1d"

static struct sy_arena arena;
static struct sy_faults faults;

static void setup(void)
{
	arena = (struct sy_arena){0};
	sy_faults_init(&faults, &arena);
}

static void teardown(void)
{
	sy_arena_free(&arena);
}

static int parse(const char *text, struct sy_code *out)
{
	sy_faults_init(&faults, &arena);
	return sy_code_parse(&arena, sy_str(text), out, &faults, 0, "/x");
}

static const char *first_fault(void)
{
	return faults.n ? faults.v[0].detail : "no fault";
}

#define assert_str(name, is, expected)                                                       \
	ck_assert_msg(sy_str_is((is), (expected)), "%s: " #is " is %.*s, expected %s", name, \
		      (int)(is).n, (is).p, expected)

static const struct {
	const char *name, *given;
	enum sy_code_kind kind;
	enum sy_code_scheme scheme;
	const char *canonical, *product, *lot_code, *gtin, *lot, *serial, *expiry, *made;
} good[] = {
#define GTIN GS1 "01/" MILK
#define P(name, given) name, given, SY_CODE_PRODUCT, SY_SCHEME_GS1, GTIN, GTIN, "", MILK, "", ""
#define L(name, given) \
	name, given, SY_CODE_LOT, SY_SCHEME_GS1, GTIN "/10/A1", GTIN, GTIN "/10/A1", MILK, "A1", ""
#define U(name, given) \
	name, given, SY_CODE_UNIT, SY_SCHEME_GS1, GTIN "/21/s", GTIN, "", MILK, "", "s"
#define UL(name, given) \
	name, given, SY_CODE_UNIT, SY_SCHEME_GS1, GTIN "/21/s", GTIN, GTIN "/10/A1", MILK, "A1", "s"
#define O(name, given, kind, scheme, canonical) \
	name, given, kind, scheme, canonical, "", "", "", "", ""
    /* plain */
    {P("GTIN-13", "6901234567892"), "", ""},
    {P("GTIN-14", MILK), "", ""},
    {"GTIN-8", "96385074", SY_CODE_PRODUCT, SY_SCHEME_GS1, GS1 "01/00000096385074",
     GS1 "01/00000096385074", "", "00000096385074", "", "", "", ""},
    {"GTIN-12", "614141000036", SY_CODE_PRODUCT, SY_SCHEME_GS1, GS1 "01/00614141000036",
     GS1 "01/00614141000036", "", "00614141000036", "", "", "", ""},
    {P("EAN-13 with its prefix", "]E06901234567892"), "", ""},
    /* element strings */
    {P("bracketed product", "(01)" MILK), "", ""},
    {P("bracketed, 13 digits", "(01)6901234567892"), "", ""},
    {L("bracketed lot", "(01)" MILK "(10)A1"), "", ""},
    {U("bracketed unit", "(01)" MILK "(21)s"), "", ""},
    {UL("bracketed unit in a lot", "(01)" MILK "(10)A1(21)s"), "", ""},
    {UL("bracketed, another order", "(21)s(10)A1(01)" MILK), "", ""},
    {L("dates", "(01)" MILK "(11)260301(17)261231(10)A1"), "2026-12-31", "2026-03-01"},
    {L("day 00 is the month's last", "(01)" MILK "(10)A1(17)280200"), "2028-02-29", ""},
    {L("other AIs", "(01)" MILK "(10)A1(3103)001250(30)12(240)X-9(400)po(8200)x"), "", ""},
    {L("the same twice", "(01)" MILK "(10)A1(10)A1"), "", ""},
    {"a bracket in a lot", "(01)" MILK "(10)A(1)", SY_CODE_LOT, SY_SCHEME_GS1, GTIN "/10/A%281%29",
     GTIN, GTIN "/10/A%281%29", MILK, "A(1)", "", "", ""},
    {"an escaped bracket", "(01)" MILK "(10)A\\(12)", SY_CODE_LOT, SY_SCHEME_GS1,
     GTIN "/10/A%2812%29", GTIN, GTIN "/10/A%2812%29", MILK, "A(12)", "", "", ""},
    {"longest lot", "(01)" MILK "(10)12345678901234567890", SY_CODE_LOT, SY_SCHEME_GS1,
     GTIN "/10/12345678901234567890", GTIN, GTIN "/10/12345678901234567890", MILK,
     "12345678901234567890", "", "", ""},
    {"case of a lot", "(01)" MILK "(10)aB", SY_CODE_LOT, SY_SCHEME_GS1, GTIN "/10/aB", GTIN,
     GTIN "/10/aB", MILK, "aB", "", "", ""},
    {L("raw GS1-128", "]C101" MILK "10A1"), "", ""},
    {L("raw DataMatrix", "]d201" MILK "1726123110A1"), "2026-12-31", ""},
    {L("raw QR", "]Q301" MILK "10A1" GS), "", ""},
    {L("raw DataBar", "]e001" MILK "10A1"), "", ""},
    {UL("raw with FNC1", "]C101" MILK "10A1" GS "21s"), "", ""},
    {UL("raw, FNC1 first", GS "01" MILK "10A1" GS "21s"), "", ""},
    {UL("raw, FNC1 after a fixed length", "]C101" MILK GS "10A1" GS "21s"), "", ""},
    {UL("raw without prefix", "01" MILK "10A1" GS "21s"), "", ""},
    {L("raw without either", "01" MILK "10A1"), "", ""},
    {"raw lot of digits", "]C101" MILK "1021", SY_CODE_LOT, SY_SCHEME_GS1, GTIN "/10/21", GTIN,
     GTIN "/10/21", MILK, "21", "", "", ""},
    {"third-party serial", "(01)" MILK "(235)tpx", SY_CODE_UNIT, SY_SCHEME_GS1, GTIN "/235/tpx",
     GTIN, "", MILK, "", "tpx", "", ""},
    {O("SSCC", "(00)106141412345678908", SY_CODE_LOGISTIC, SY_SCHEME_GS1,
       GS1 "00/106141412345678908"),
     "", ""},
    {O("raw SSCC", "]C100106141412345678908", SY_CODE_LOGISTIC, SY_SCHEME_GS1,
       GS1 "00/106141412345678908"),
     "", ""},
    {O("GLN of a place", "(414)4012345000054", SY_CODE_PLACE, SY_SCHEME_GS1,
       GS1 "414/4012345000054"),
     "", ""},
    {O("GLN with extension", "(414)4012345000054(254)a/b", SY_CODE_PLACE, SY_SCHEME_GS1,
       GS1 "414/4012345000054/254/a%2Fb"),
     "", ""},
    {O("GLN of a party", "(417)4012345000054", SY_CODE_PARTY, SY_SCHEME_GS1,
       GS1 "417/4012345000054"),
     "", ""},
    {O("GRAI", "(8003)04012345000771", SY_CODE_ASSET, SY_SCHEME_GS1, GS1 "8003/04012345000771"), "",
     ""},
    {O("GIAI", "(8004)4000001111", SY_CODE_ASSET, SY_SCHEME_GS1, GS1 "8004/4000001111"), "", ""},
    {P("a GTIN with its place", "(414)4012345000054(01)" MILK), "", ""},
    /* Digital Link */
    {P("link", GTIN), "", ""},
    {L("link with lot", GTIN "/10/A1"), "", ""},
    {UL("link with lot and serial", GTIN "/10/A1/21/s"), "", ""},
    {UL("link with variant", GTIN "/22/v/10/A1/21/s"), "", ""},
    {L("another host, port and stem", "http://u@shop.example:80/a/b/01/" MILK "/10/A1"), "", ""},
    {L("13 digits", GS1 "01/6901234567892/10/A1"), "", ""},
    {L("slash at the end", GTIN "/10/A1/"), "", ""},
    {L("percent-coding", GTIN "/10/%41%31"), "", ""},
    {L("upper-case scheme", "HTTPS://ID.GS1.ORG/01/" MILK "/10/A1"), "", ""},
    {L("query", GTIN "/10/A1?17=261231&11=260301&linkType=all&9999=1#f"), "2026-12-31",
     "2026-03-01"},
    {L("lot in the query", GTIN "?10=A1"), "", ""},
    {L("the rightmost key wins", GS1 "00/106141412345678908/01/" MILK "/10/A1"), "", ""},
    {"a lot named 01", GTIN "/10/01", SY_CODE_LOT, SY_SCHEME_GS1, GTIN "/10/01", GTIN,
     GTIN "/10/01", MILK, "01", "", "", ""},
    {"lower-case hex", GTIN "/10/a%2fb%2B", SY_CODE_LOT, SY_SCHEME_GS1, GTIN "/10/a%2Fb%2B", GTIN,
     GTIN "/10/a%2Fb%2B", MILK, "a/b+", "", "", ""},
    {O("link of a GRAI", "https://id.example.com/8003/040123450007718765", SY_CODE_ASSET,
       SY_SCHEME_GS1, GS1 "8003/040123450007718765"),
     "", ""},
    {O("link of a place", "https://id.example.com/414/4012345000054/254/x", SY_CODE_PLACE,
       SY_SCHEME_GS1, GS1 "414/4012345000054/254/x"),
     "", ""},
    /* EPC URNs */
    {"sgtin", "urn:epc:id:sgtin:0614141.107346.2017", SY_CODE_UNIT, SY_SCHEME_GS1,
     GS1 "01/10614141073464/21/2017", GS1 "01/10614141073464", "", "10614141073464", "", "2017", "",
     ""},
    {"sgtin, escaped serial", "urn:epc:id:sgtin:0614141.107346.a%2Fb.c", SY_CODE_UNIT,
     SY_SCHEME_GS1, GS1 "01/10614141073464/21/a%2Fb.c", GS1 "01/10614141073464", "",
     "10614141073464", "", "a/b.c", "", ""},
    {"lgtin", "urn:epc:class:lgtin:4012345.012345.998877", SY_CODE_LOT, SY_SCHEME_GS1,
     GS1 "01/04012345123456/10/998877", GS1 "01/04012345123456", GS1 "01/04012345123456/10/998877",
     "04012345123456", "998877", "", "", ""},
    {"idpat of a product", "urn:epc:idpat:sgtin:4012345.098765.*", SY_CODE_PRODUCT, SY_SCHEME_GS1,
     GS1 "01/04012345987652", GS1 "01/04012345987652", "", "04012345987652", "", "", "", ""},
    {O("sscc", "urn:epc:id:sscc:0614141.1234567890", SY_CODE_LOGISTIC, SY_SCHEME_GS1,
       GS1 "00/106141412345678908"),
     "", ""},
    {O("sgln", "urn:epc:id:sgln:4012345.00005.12", SY_CODE_PLACE, SY_SCHEME_GS1,
       GS1 "414/4012345000054/254/12"),
     "", ""},
    {O("sgln without extension", "urn:epc:id:sgln:4012345.00005.0", SY_CODE_PLACE, SY_SCHEME_GS1,
       GS1 "414/4012345000054"),
     "", ""},
    {O("pgln", "urn:epc:id:pgln:4012345.00005", SY_CODE_PARTY, SY_SCHEME_GS1,
       GS1 "417/4012345000054"),
     "", ""},
    {O("sgln, prefix of 12 digits", "urn:epc:id:sgln:401234500005..0", SY_CODE_PLACE, SY_SCHEME_GS1,
       GS1 "414/4012345000054"),
     "", ""},
    {O("grai", "urn:epc:id:grai:4012345.00077.8765", SY_CODE_ASSET, SY_SCHEME_GS1,
       GS1 "8003/040123450007718765"),
     "", ""},
    {O("giai", "urn:epc:id:giai:4000001.12.345", SY_CODE_ASSET, SY_SCHEME_GS1,
       GS1 "8004/400000112.345"),
     "", ""},
    {O("gdti", "urn:epc:id:gdti:0614141.12345.400", SY_CODE_OTHER, SY_SCHEME_GS1,
       GS1 "253/0614141123452400"),
     "", ""},
    {O("itip", "urn:epc:id:itip:4012345.011111.01.02.987", SY_CODE_OTHER, SY_SCHEME_GS1,
       GS1 "8006/040123451111180102/21/987"),
     "", ""},
    {O("cpi", "urn:epc:id:cpi:0614141.A-1.12", SY_CODE_OTHER, SY_SCHEME_GS1,
       GS1 "8010/0614141A-1/8011/12"),
     "", ""},
    {O("a wider pattern", "urn:epc:idpat:sgtin:4012345.*.*", SY_CODE_OTHER, SY_SCHEME_PRIVATE,
       "urn:epc:idpat:sgtin:4012345.*.*"),
     "", ""},
    {O("another EPC", "urn:epc:id:imovn:9176187", SY_CODE_OTHER, SY_SCHEME_PRIVATE,
       "urn:epc:id:imovn:9176187"),
     "", ""},
    /* our own and China's */
    {"private product", "urn:suyuan:own:91350100M000100Y43:%e8%8f%9c", SY_CODE_PRODUCT,
     SY_SCHEME_OWN, "urn:suyuan:own:91350100M000100Y43:%E8%8F%9C",
     "urn:suyuan:own:91350100M000100Y43:%E8%8F%9C", "", "", "", "", "", ""},
    {"private lot, not coded", "urn:suyuan:own:F1:菜:lot:2026-11", SY_CODE_LOT, SY_SCHEME_OWN,
     "urn:suyuan:own:F1:%E8%8F%9C:lot:2026-11", "urn:suyuan:own:F1:%E8%8F%9C",
     "urn:suyuan:own:F1:%E8%8F%9C:lot:2026-11", "", "2026-11", "", "", ""},
    {"private unit", "urn:suyuan:own:F1:c:serial:%3A1", SY_CODE_UNIT, SY_SCHEME_OWN,
     "urn:suyuan:own:F1:c:serial:%3A1", "urn:suyuan:own:F1:c", "", "", "", ":1", "", ""},
    {"private unit keeps its lot", "urn:suyuan:own:F1:c:lot:L:serial:1", SY_CODE_UNIT,
     SY_SCHEME_OWN, "urn:suyuan:own:F1:c:lot:L:serial:1", "urn:suyuan:own:F1:c",
     "urn:suyuan:own:F1:c:lot:L", "", "L", "1", "", ""},
    {"drug trace code", "83857930000879766660", SY_CODE_CN_DRUG, SY_SCHEME_CN,
     "urn:suyuan:cn:drug:83857930000879766660", "urn:suyuan:cn:drug-product:8385793", "", "", "",
     "0000879766660", "", ""},
    {"drug trace URN", "urn:suyuan:cn:drug:83857930000879766660", SY_CODE_CN_DRUG, SY_SCHEME_CN,
     "urn:suyuan:cn:drug:83857930000879766660", "urn:suyuan:cn:drug-product:8385793", "", "", "",
     "0000879766660", "", ""},
    {"drug product", "urn:suyuan:cn:drug-product:8385793", SY_CODE_PRODUCT, SY_SCHEME_CN,
     "urn:suyuan:cn:drug-product:8385793", "urn:suyuan:cn:drug-product:8385793", "", "", "", "", "",
     ""},
    {"drug lot", "urn:suyuan:cn:drug-product:8385793:lot:B1", SY_CODE_LOT, SY_SCHEME_CN,
     "urn:suyuan:cn:drug-product:8385793:lot:B1", "urn:suyuan:cn:drug-product:8385793",
     "urn:suyuan:cn:drug-product:8385793:lot:B1", "", "B1", "", "", ""},
    {O("social credit code", "urn:suyuan:cn:uscc:91350100m000100y43", SY_CODE_PARTY, SY_SCHEME_CN,
       "urn:suyuan:cn:uscc:91350100M000100Y43"),
     "", ""},
    {O("ecode", "urn:suyuan:ecode:064/x", SY_CODE_OTHER, SY_SCHEME_CN, "urn:suyuan:ecode:064/x"),
     "", ""},
    {O("handle", "urn:suyuan:handle:88.1/2", SY_CODE_OTHER, SY_SCHEME_CN,
       "urn:suyuan:handle:88.1/2"),
     "", ""},
    /* private */
    {O("web page", "https://shop.example/p/1?x=01", SY_CODE_OTHER, SY_SCHEME_PRIVATE,
       "https://shop.example/p/1?x=01"),
     "", ""},
    {O("a date in a path", "https://shop.example/2024/01/15", SY_CODE_OTHER, SY_SCHEME_PRIVATE,
       "https://shop.example/2024/01/15"),
     "", ""},
    {O("geo", "geo:42.698334,23.319941", SY_CODE_OTHER, SY_SCHEME_PRIVATE,
       "geo:42.698334,23.319941"),
     "", ""},
    {O("tag", "tag:农场.example,2026:菜/1", SY_CODE_OTHER, SY_SCHEME_PRIVATE,
       "tag:农场.example,2026:菜/1"),
     "", ""},
#undef P
#undef L
#undef U
#undef UL
#undef O
};

START_TEST(reads)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		const char *name = good[i].name;
		struct sy_code c, again;
		int err = parse(good[i].given, &c);
		ck_assert_msg(err == SY_OK, "%s: error %d, %s", name, err, first_fault());
		ck_assert_msg(c.kind == good[i].kind, "%s: kind %s", name,
			      sy_code_kind_name(c.kind));
		ck_assert_msg(c.scheme == good[i].scheme, "%s: scheme", name);
		assert_str(name, c.given, good[i].given);
		assert_str(name, c.canonical, good[i].canonical);
		assert_str(name, c.product, good[i].product);
		assert_str(name, c.lot_code, good[i].lot_code);
		assert_str(name, c.gtin, good[i].gtin);
		assert_str(name, c.lot, good[i].lot);
		assert_str(name, c.serial, good[i].serial);
		assert_str(name, c.expiry, good[i].expiry);
		assert_str(name, c.made, good[i].made);
		ck_assert_msg(c.canonical.p[c.canonical.n] == '\0', "%s: not terminated", name);
		err = parse(good[i].canonical, &again);
		ck_assert_msg(err == SY_OK, "%s: canonical form: %s", name, first_fault());
		assert_str(name, again.canonical, good[i].canonical);
		ck_assert_msg(again.kind == c.kind, "%s: kind of the canonical form", name);
	}
}
END_TEST

static const struct {
	const char *name, *given;
	int err, status;
	const char *detail; /* the first fault's begins so */
} bad[] = {
    {"empty", "", SY_EINVAL, 400, "empty"},
    {"word", "milk", SY_EINVAL, 400, "begins with \"m\""},
    {"check digit of a GTIN", "6901234567893", SY_ECHECK, 422, "(01) check digit is 3, expected 2"},
    {"check digit of an element", "(01)06901234567897", SY_ECHECK, 422,
     "(01) check digit is 7, expected 2"},
    {"check digit in a scan", "]C10106901234567897", SY_ECHECK, 422, "(01) check digit is 7"},
    {"check digit in a link", GS1 "01/06901234567897", SY_ECHECK, 422, "(01) check digit is 7"},
    {"check digit, any host", "https://a.example/01/06901234567897", SY_ECHECK, 422, "(01) check"},
    {"check digit of an SSCC", "(00)106141412345678900", SY_ECHECK, 422,
     "(00) check digit is 0, expected 8"},
    {"all zeros", "0000000000000", SY_EINVAL, 400, "(01) is all zeros"},
    {"12 digits with a letter", "(01)0690123456789a", SY_EINVAL, 400,
     "(01) character 14 is \"a\", expected a digit"},
    {"7 digits", "1234567", SY_EINVAL, 400, "7 digits"},
    {"18 digits", "106141412345678900", SY_EINVAL, 400, "18 digits could be"},
    {"20 digits without 8", "10614141234567890800", SY_EINVAL, 400, "20 digits"},
    {"length of (01)", "(01)069012345678", SY_ECHECK, 422, "(01) check digit"},
    {"length of (00)", "(00)123", SY_EINVAL, 400, "(00) has 3 characters, expected 18"},
    {"lot of 21", "(01)" MILK "(10)123456789012345678901", SY_EINVAL, 400,
     "(10) has 21 characters, expected 1 to 20"},
    {"empty lot", "(01)" MILK "(10)", SY_EINVAL, 400, "(10) has 0 characters, expected 1 to 20"},
    {"a lot in Chinese", "(01)" MILK "(10)A批", SY_EINVAL, 400, "(10) character 2 is \"批\""},
    {"a space in a lot", "(01)" MILK "(10)A 1", SY_EINVAL, 400, "(10) character 2 is \" \""},
    {"# in a lot", "(01)" MILK "(10)#", SY_EINVAL, 400, "(10) character 1 is \"#\""},
    {"bad date", "(01)" MILK "(17)261331", SY_EINVAL, 400,
     "(17) characters 1 to 6 are 261331, expected a date as YYMMDD"},
    {"29 February", "(01)" MILK "(17)270229", SY_EINVAL, 400, "(17) characters 1 to 6 are 270229"},
    {"unknown AI", "(01)" MILK "(05)1", SY_EINVAL, 400, "(05) is no application identifier"},
    {"an AI past its range", "(01)" MILK "(3106)123456", SY_EINVAL, 400, "(3106) is no"},
    {"no key", "(10)A1", SY_EINVAL, 400, "nothing in it says what it is"},
    {"no AI at all", "(0)1", SY_EINVAL, 400, "character 1: expected an application identifier"},
    {"two lots", "(01)" MILK "(10)A(10)B", SY_EINVAL, 400, "(10) stands twice"},
    {"two serials", "(01)" MILK "(21)A(235)B", SY_EINVAL, 400, "(21) and (235)"},
    {"unknown AI in a scan", "]C101" MILK "0512", SY_EINVAL, 400, "character 20, \"0\", begins"},
    {"a letter in a scan", "]C101" MILK "x", SY_EINVAL, 400, "character 20, \"x\", begins"},
    {"a scan cut short", "]C1016901234567892", SY_EINVAL, 400,
     "(01) has 13 characters, expected 14"},
    {"another symbology", "]Z9x", SY_EINVAL, 400, "begins with ]"},
    {"only a prefix", "]C1", SY_EINVAL, 400, "begins with ]"},
    {"only FNC1", "]C1" GS, SY_EINVAL, 400, "nothing in it"},
    {"order of qualifiers", GTIN "/21/s/10/A1", SY_EINVAL, 400, "(10) can't stand here"},
    {"mixed alternatives", GTIN "/10/A1/235/x", SY_EINVAL, 400, "(235) can't stand here"},
    {"a qualifier of another key", GTIN "/254/x", SY_EINVAL, 400, "(254) can't stand here"},
    {"half an escape", GTIN "/10/A%4", SY_EINVAL, 400, "(10) character 2: expected two hex"},
    {"a control character", GTIN "/10/A%0A", SY_EINVAL, 400, "(10) character 2 is byte 0x0A"},
    {"link of GS1 without a key", GS1 "x/y", SY_EINVAL, 400, "no GS1 key in the path"},
    {"lot in path and query", GTIN "/10/A1?10=A2", SY_EINVAL, 400, "(10) stands twice"},
    {"a bad date in the query", GTIN "/10/A1?17=x", SY_EINVAL, 400, "(17) character 1"},
    {"a space in a URI", "https://a.example/ b", SY_EINVAL, 400, "character 19 is \" \""},
    {"not UTF-8", "tag:a,2026:\xff", SY_EINVAL, 400, "character 12 is byte 0xFF"},
    {"no host", "https:///01/" MILK, SY_EINVAL, 400, "expected // and a host after https:"},
    {"nothing after a scheme", "tag:", SY_EINVAL, 400, "nothing after tag:"},
    {"short prefix", "urn:epc:id:sgtin:06141.10734601.1", SY_EINVAL, 400,
     "urn:epc:id:sgtin: expected a company prefix"},
    {"short reference", "urn:epc:id:sgtin:0614141.10734.1", SY_EINVAL, 400,
     "urn:epc:id:sgtin: company prefix and reference are 12"},
    {"no serial", "urn:epc:id:sgtin:0614141.107346", SY_EINVAL, 400,
     "urn:epc:id:sgtin: has too few"},
    {"serial of 21", "urn:epc:id:sgtin:0614141.107346.123456789012345678901", SY_EINVAL, 400,
     "(21) has 21"},
    {"no indicator", "urn:epc:id:sgtin:0614141123456..1", SY_EINVAL, 400, "urn:epc:id:sgtin:"},
    {"pieces", "urn:epc:id:itip:4012345.011111.1.002.987", SY_EINVAL, 400, "urn:epc:id:itip:"},
    {"our unknown", "urn:suyuan:x:1", SY_EINVAL, 400, "urn:suyuan: expected own"},
    {"no product", "urn:suyuan:own:F1", SY_EINVAL, 400, "product has 0 characters"},
    {"tail of a private stem", "urn:suyuan:own:F1:c:batch:1", SY_EINVAL, 400,
     "character 21: expected :lot: or :serial:"},
    {"lot of 21 in a private stem", "urn:suyuan:own:F1:c:lot:123456789012345678901", SY_EINVAL, 400,
     "lot has 21 characters, expected 1 to 20"},
    {"coded rubbish", "urn:suyuan:own:F1:%ff", SY_EINVAL, 400, "product character 1 is not UTF-8"},
    {"coded control", "urn:suyuan:own:F1:a%00", SY_EINVAL, 400, "product character 2 is byte 0x00"},
    {"short drug code", "urn:suyuan:cn:drug:8385793000087976666", SY_EINVAL, 400,
     "drug trace code"},
    {"drug serial", "urn:suyuan:cn:drug-product:8385793:serial:1", SY_EINVAL, 400, "a drug's"},
    {"social credit code", "urn:suyuan:cn:uscc:91350100M000100Y4A", SY_ECHECK, 422, "unified"},
    {"no ecode", "urn:suyuan:ecode:", SY_EINVAL, 400, "nothing after"},
};

START_TEST(refuses)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct sy_code c;
		int err = parse(bad[i].given, &c);
		ck_assert_msg(err == bad[i].err, "%s: error %d", bad[i].name, err);
		ck_assert_msg(faults.n > 0, "%s: no fault", bad[i].name);
		ck_assert_msg(faults.v[0].status == bad[i].status, "%s: status %d", bad[i].name,
			      faults.v[0].status);
		ck_assert_str_eq(faults.v[0].pointer, "/x");
		ck_assert_msg(strncmp(first_fault(), bad[i].detail, strlen(bad[i].detail)) == 0,
			      "%s: %s", bad[i].name, first_fault());
		ck_assert_msg(c.kind == SY_CODE_NONE && c.canonical.n == 0, "%s: kept",
			      bad[i].name);
		ck_assert_msg(sy_code_parse(&arena, sy_str(bad[i].given), &c, NULL, 0, "") == err,
			      "%s: without faults", bad[i].name);
	}
}
END_TEST

START_TEST(names_all_faults)
{
	struct sy_code c;
	ck_assert_int_eq(parse("(01)06901234567893(10)#(17)269900(05)x", &c), SY_ECHECK);
	ck_assert_uint_eq(faults.n, 4);
	ck_assert_int_eq(sy_faults_status(&faults), 400);
}
END_TEST

/* Texts as long as a code may be, and longer, of what could make a reader look twice. */
START_TEST(long_texts)
{
	static const char *const units[] = {
	    "(",           "(1",  "(10)",    "(01)96385074", "\x1d", "10A\x1d",
	    "/",           "/01", "/10/%41", "/01/96385074", "%",    "%2",
	    ".",           ":",   ":lot:",   "\xe8\x8f\x9c", "1",    "91",
	    "?17=261231&", "\\("};
	static const char *const stems[] = {"",
					    "]C1",
					    "(01)",
					    "01" MILK "10A1" GS,
					    "https://a/",
					    "https://a/?",
					    "urn:epc:id:sgtin:",
					    "urn:suyuan:own:"};
	char *text = malloc(1 << 20);
	for (size_t s = 0; s < sizeof stems / sizeof stems[0]; s++)
		for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
			size_t n = strlen(stems[s]), step = strlen(units[u]);
			memcpy(text, stems[s], n);
			for (; n + step <= 1 << 20; n += step)
				memcpy(text + n, units[u], step);
			struct sy_code c;
			sy_faults_init(&faults, &arena);
			struct sy_str whole = {text, n}, cut = {text, SY_CODE_MAX};
			int err = sy_code_parse(&arena, whole, &c, &faults, 0, "");
			ck_assert_int_eq(err, SY_EINVAL);
			ck_assert(strstr(first_fault(), "expected at most 4096") != NULL);
			struct sy_code_info info;
			sy_faults_init(&faults, &arena);
			ck_assert_int_eq(sy_code_explain(&arena, whole, &info, &faults), SY_EINVAL);
			sy_faults_init(&faults, &arena);
			for (int form = SY_FORM_BRACKETED; form <= SY_FORM_URN; form++) {
				struct sy_code_format how = {(enum sy_code_form)form, {"", 0}, 7};
				struct sy_str out;
				if (sy_code_explain(&arena, cut, &info, &faults) == SY_OK)
					sy_code_format(&arena, &info.code, &how, &out, NULL, 0, "");
			}
			sy_arena_reset(&arena);
		}
	free(text);
}
END_TEST

START_TEST(builds)
{
	static const struct {
		const char *name, *product, *lot, *serial, *canonical, *lot_code;
	} rows[] = {
	    {"lot", MILK, "a/1", NULL, GTIN "/10/a%2F1", GTIN "/10/a%2F1"},
	    {"unit", MILK, NULL, "s", GTIN "/21/s", ""},
	    {"unit in a lot", MILK, "A1", "s", GTIN "/21/s", GTIN "/10/A1"},
	    {"too long", MILK, "123456789012345678901", NULL, NULL, NULL},
	    {"Chinese lot of a GTIN", MILK, "批", NULL, NULL, NULL},
	    {"empty lot", MILK, "", NULL, NULL, NULL},
	    {"private lot", "urn:suyuan:own:F:c", "批", NULL, "urn:suyuan:own:F:c:lot:%E6%89%B9",
	     "urn:suyuan:own:F:c:lot:%E6%89%B9"},
	    {"private unit", "urn:suyuan:own:F:c", "L", "1", "urn:suyuan:own:F:c:lot:L:serial:1",
	     "urn:suyuan:own:F:c:lot:L"},
	    {"drug lot", "urn:suyuan:cn:drug-product:8385793", "B", NULL,
	     "urn:suyuan:cn:drug-product:8385793:lot:B",
	     "urn:suyuan:cn:drug-product:8385793:lot:B"},
	    {"drug unit", "urn:suyuan:cn:drug-product:8385793", NULL, "1", NULL, NULL},
	    {"lot of a pallet", "(00)106141412345678908", "B", NULL, NULL, NULL},
	    {"lot of a web page", "https://shop.example/1", "B", NULL, NULL, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sy_code product, c;
		ck_assert_int_eq(parse(rows[i].product, &product), SY_OK);
		int err = SY_OK;
		if (rows[i].lot != NULL)
			err = sy_code_lot(&arena, &product, sy_str(rows[i].lot), &c);
		if (rows[i].lot != NULL && err == SY_OK)
			product = c;
		if (rows[i].serial != NULL)
			err = sy_code_unit(&arena, &product, sy_str(rows[i].serial), &c);
		ck_assert_msg(err == (rows[i].canonical ? SY_OK : SY_EINVAL), "%s: error %d",
			      rows[i].name, err);
		if (err != SY_OK)
			continue;
		assert_str(rows[i].name, c.canonical, rows[i].canonical);
		assert_str(rows[i].name, c.lot_code, rows[i].lot_code);
	}
}
END_TEST

START_TEST(checks)
{
	static const struct {
		const char *text;
		int gtin, gln, uscc;
	} rows[] = {
	    {"6901234567892", SY_OK, SY_OK, SY_EINVAL},
	    {"6901234567893", SY_ECHECK, SY_ECHECK, SY_EINVAL},
	    {"96385074", SY_OK, SY_EINVAL, SY_EINVAL},
	    {"614141000036", SY_OK, SY_EINVAL, SY_EINVAL},
	    {"06901234567892", SY_OK, SY_EINVAL, SY_EINVAL},
	    {"0000000000000", SY_EINVAL, SY_EINVAL, SY_EINVAL},
	    {"690123456789", SY_ECHECK, SY_EINVAL, SY_EINVAL},
	    {"690123456789x", SY_EINVAL, SY_EINVAL, SY_EINVAL},
	    {"", SY_EINVAL, SY_EINVAL, SY_EINVAL},
	    {"91350100M000100Y43", SY_EINVAL, SY_EINVAL, SY_OK},
	    {"91350100M000100Y4A", SY_EINVAL, SY_EINVAL, SY_ECHECK},
	    {"91350100m000100y43", SY_EINVAL, SY_EINVAL, SY_EINVAL},
	    {"9135010OM000100Y43", SY_EINVAL, SY_EINVAL, SY_EINVAL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char gtin[15];
		struct sy_str text = sy_str(rows[i].text);
		ck_assert_msg(sy_gtin_parse(text, gtin) == rows[i].gtin, "%s: GTIN", rows[i].text);
		ck_assert_msg(sy_gln_parse(text) == rows[i].gln, "%s: GLN", rows[i].text);
		ck_assert_msg(sy_uscc_check(text) == rows[i].uscc, "%s: USCC", rows[i].text);
	}
	ck_assert_int_eq(sy_gs1_check_digit(sy_str("690123456789")), '2');
}
END_TEST

START_TEST(json)
{
	struct sy_code c;
	struct sy_buf b = {0};
	struct sy_jw w;
	ck_assert_int_eq(parse("(01)" MILK "(10)A1(21)s(17)261231(11)260301", &c), SY_OK);
	sy_jw_init(&w, &b);
	sy_code_write_json(&w, &c);
	ck_assert_str_eq(
	    sy_buf_cstr(&b),
	    "{\"given\":\"(01)" MILK "(10)A1(21)s(17)261231(11)260301\",\"kind\":\"unit\","
	    "\"scheme\":\"gs1\",\"canonical\":\"" GTIN "/21/s\",\"product\":\"" GTIN "\","
	    "\"lotCode\":\"" GTIN "/10/A1\",\"gtin\":\"" MILK "\",\"lot\":\"A1\","
	    "\"serial\":\"s\",\"expires\":\"2026-12-31\",\"made\":\"2026-03-01\"}");
	sy_buf_reset(&b);
	ck_assert_int_eq(parse("geo:1,2", &c), SY_OK);
	sy_jw_init(&w, &b);
	sy_code_write_json(&w, &c);
	ck_assert_str_eq(sy_buf_cstr(&b), "{\"given\":\"geo:1,2\",\"kind\":\"other\",\"scheme\":"
					  "\"private\",\"canonical\":\"geo:1,2\"}");
	sy_buf_free(&b);
}
END_TEST

START_TEST(out_of_memory)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		for (unsigned n = 1;; n++) {
			struct sy_code c;
			struct sy_arena fresh = {0};
			fail_alloc_at(n);
			int err = sy_code_parse(&fresh, sy_str(good[i].given), &c, NULL, 0, "");
			bool failed = alloc_failed();
			fail_alloc_at(0);
			ck_assert_msg(err == (failed ? SY_ENOMEM : SY_OK), "%s: error %d at %u",
				      good[i].name, err, n);
			ck_assert(!failed || c.canonical.n == 0);
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
	    {"reads", reads},
	    {"refuses", refuses},
	    {"all_faults", names_all_faults},
	    {"long_texts", long_texts},
	    {"builds", builds},
	    {"checks", checks},
	    {"json", json},
	    {"memory", out_of_memory},
	};
	Suite *s = suite_create("code");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_add_checked_fixture(c, setup, teardown);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
