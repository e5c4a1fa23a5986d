/* What the library and the daemon read. */
#include <base/config.h>
#include <csv.h>
#include <http/parse.h>

#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

#define ORIGIN SY_STR("example.com/trace")

/* --- the parsers ----------------------------------------------------------------------------- */

static void run_json(struct sy_str text)
{
	struct sy_json_doc doc;
	struct sy_json_fault fault;
	struct sy_str s;
	if (sy_json_parse(&arena, text, 0, &doc, &fault) != SY_OK)
		return;
	/* As a reader would: some names looked up, all strings taken. */
	for (int i = 0; i < 16; i++)
		sy_json_get(&doc, sy_json_root(&doc), "never there");
	for (uint32_t i = 0; i < doc.count; i++)
		sy_json_string(&doc, &doc.nodes[i], &arena, &s);
}

static void run_event(struct sy_str text)
{
	struct sy_json_doc doc;
	struct sy_event e;
	struct sy_faults faults;
	sy_faults_init(&faults, &arena);
	if (sy_json_parse(&arena, text, SY_JSON_RECORD, &doc, NULL) == SY_OK)
		sy_event_read(&arena, &doc, &e, &faults, 0);
}

static void run_hash(struct sy_str text)
{
	struct sy_json_doc doc;
	char hash[SY_EVENT_HASH_TEXT];
	if (sy_json_parse(&arena, text, SY_JSON_RECORD, &doc, NULL) == SY_OK)
		sy_event_hash(&arena, &doc, hash);
}

static void run_submission(struct sy_str text)
{
	struct sy_submission s;
	struct sy_faults faults;
	sy_faults_init(&faults, &arena);
	sy_submission_parse(&arena, text, &s, &faults);
	sy_submission_check(&arena, ORIGIN, &s, &faults);
}

static void run_receipt(struct sy_str text)
{
	struct sy_receipt r;
	struct sy_receipt_fault fault;
	sy_receipt_parse(&arena, text, &r, &fault);
}

static void run_note(struct sy_str text)
{
	struct sy_vkey key;
	struct sy_checkpoint c;
	struct sy_tlog_proof p;
	static const uint8_t seed[SY_SEED_SIZE] = {1};
	struct sy_signer signer;
	sy_signer_from_seed(&signer, seed);
	ck_assert_int_eq(sy_vkey_make(&key, ORIGIN, signer.key), SY_OK);
	sy_note_verify(text, &key, NULL);
	if (sy_checkpoint_parse(text, &c) == SY_OK)
		sy_checkpoint_verify(&c, &key);
	sy_tlog_proof_parse(text, &p);
}

static void run_code(struct sy_str text)
{
	struct sy_code c;
	struct sy_faults faults;
	sy_faults_init(&faults, &arena);
	sy_code_parse(&arena, text, &c, &faults, 0, "");
}

static void run_values(struct sy_str text)
{
	struct sy_decimal d;
	struct sy_tile t;
	struct sy_vkey v;
	char name[SY_KEY_NAME_MAX + 1];
	int64_t ms;
	int32_t day;
	uint64_t u;
	size_t n;
	sy_unbase64(text, NULL, SIZE_MAX, &n);
	sy_utf8_valid(text.p, text.n, &n);
	sy_decimal_parse(text, &d);
	sy_tile_parse(text, &t);
	sy_vkey_parse(text, &v);
	sy_key_name_ok(text);
	sy_party_key_name(text, name);
	sy_origin_check(text);
	sy_time_parse(text, &ms);
	sy_date_read(text, &day);
	sy_str_u64(text, &u);
}

static long read_csv(void *ctx, char *p, size_t n)
{
	struct sy_str *rest = ctx;
	n = n < rest->n ? n : rest->n;
	memcpy(p, rest->p, n);
	rest->p += n;
	rest->n -= n;
	return (long)n;
}

static void run_csv(struct sy_str text)
{
	struct csv c;
	struct csv_row row;
	int err;
	csv_init(&c, read_csv, &text);
	do
		err = csv_next(&c, &row);
	while (err == SY_OK || err == SY_EINVAL);
	csv_free(&c);
}

static void run_http(struct sy_str text)
{
	struct http_reader r = {.limits = {16384, 64}};
	struct http_request req;
	struct sy_buf body = {0};
	struct sy_str out;
	size_t used = 0, all = 0;
	http_reader_begin(&r, &req, &arena, &body);
	while (all < text.n && r.stage == HTTP_READ_MORE) {
		http_reader_feed(&r, text.p + all, text.n - all < 512 ? text.n - all : 512, &used);
		all += used;
		if (r.stage == HTTP_READ_HEAD)
			http_reader_body(&r, 2 * ALL);
	}
	http_decode(&arena, text, &out);
	sy_buf_free(&body);
}

static void run_config(struct sy_str text)
{
	struct config c;
	struct sy_buf errors = {0};
	char path[32];
	int fd = memfd_create("config", MFD_CLOEXEC);
	ck_assert_int_eq(write(fd, text.p, text.n), (ssize_t)text.n);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	config_defaults(&c);
	config_load(&c, path, &errors);
	config_free(&c);
	sy_buf_free(&errors);
	close(fd);
}

/* --- the shapes ------------------------------------------------------------------------------ */

#define KEY44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY88                                                                          \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAA=="
#define ENVELOPE(count)                                                                        \
	"{\"author\":\"" KEY44 "\",\"count\":" count ",\"salt\":\"" KEY44 "\",\"deadline\":1," \
	"\"signature\":\"" KEY88 "\"}"
#define A16 "aaaaaaaaaaaaaaaa"
#define EVENT                                                                                  \
	"{\"type\":\"ObjectEvent\",\"action\":\"ADD\",\"eventTime\":\"2026-11-24T00:00:00Z\"," \
	"\"eventTimeZoneOffset\":\"+08:00\",\"bizStep\":\"commissioning\""
#define CHECKPOINT "example.com/trace\n1\n" KEY44 "\n\n"
#define PROOF "c2sp.org/tlog-proof@v1\nindex 1\n"

static const struct parser parsers[] = {
    {"json",
     run_json,
     ALL,
     {"benign", "[0", ",{\"name\":\"some text\",\"n\":12}", "]"},
     {{"names", "{\"\":0", ",\"#\":0", "}"},
      {"long names alike but for the end", "{\"\":0", ",\"" A16 A16 A16 "#\":0", "}"},
      {"escaped names", "{\"\":0", ",\"\\u0061#\":0", "}"},
      {"the same name", "{\"\":0", ",\"a\":0", "}"},
      {"small objects", "[0", ",{}", "]"},
      {"nests", "[0", ",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "]"},
      {"open brackets", "", "[", ""},
      {"escapes", "[\"", "\\u0041", "\"]"},
      {"surrogates", "[\"", "\\ud83d\\ude00", "\"]"},
      {"a number", "", "1", ""},
      {"space", "", " ", "0"},
      {"a string that isn't closed", "[\"", "a", ""}}},
    {"event",
     run_event,
     ALL,
     {"benign", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"urn:epc:id:sgtin:6901234.056789.#\"", "]}"},
     {{"the same item", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"urn:epc:id:sgtin:6901234.056789.1\"",
       "]}"},
      {"short items", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"a:#\"", "]}"},
      {"faulty items", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"#\"", "]}"},
      {"items of no type", EVENT ",\"epcList\":[\"urn:x:y\"", ",0", "]}"},
      {"quantities", EVENT ",\"quantityList\":[0",
       ",{\"epcClass\":\"urn:epc:class:lgtin:6901234.056789.#\",\"quantity\":1,\"uom\":\"KGM\"}",
       "]}"},
      {"empty quantities", EVENT ",\"quantityList\":[0", ",{}", "]}"},
      {"members", EVENT, ",\"#\":0", "}"},
      {"members of ilmd", EVENT ",\"epcList\":[\"urn:x:y\"],\"ilmd\":{\"a\":0",
       ",\"urn:epcglobal:cbv:mda:#\":\"2026-01-01\"", "}}"},
      {"escaped items", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"\\u0075rn:a:#\"", "]}"},
      {"contexts", EVENT ",\"@context\":[0", ",{\"a\":\"b\"}", "]}"},
      {"destinations", EVENT ",\"destinationList\":[0", ",{\"type\":\"a\",\"destination\":\"b\"}",
       "]}"}}},
    {"hash",
     run_hash,
     ALL,
     {"benign", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"urn:epc:id:sgtin:6901234.056789.#\"", "]}"},
     {{"the same item", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"urn:epc:id:sgtin:6901234.056789.1\"",
       "]}"},
      {"short items", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"a:#\"", "]}"},
      {"faulty items", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"#\"", "]}"},
      {"items of no type", EVENT ",\"epcList\":[\"urn:x:y\"", ",0", "]}"},
      {"quantities", EVENT ",\"quantityList\":[0",
       ",{\"epcClass\":\"urn:epc:class:lgtin:6901234.056789.#\",\"quantity\":1,\"uom\":\"KGM\"}",
       "]}"},
      {"empty quantities", EVENT ",\"quantityList\":[0", ",{}", "]}"},
      {"members", EVENT, ",\"#\":0", "}"},
      {"members of ilmd", EVENT ",\"epcList\":[\"urn:x:y\"],\"ilmd\":{\"a\":0",
       ",\"urn:epcglobal:cbv:mda:#\":\"2026-01-01\"", "}}"},
      {"escaped items", EVENT ",\"epcList\":[\"urn:x:y\"", ",\"\\u0075rn:a:#\"", "]}"},
      {"contexts", EVENT ",\"@context\":[0", ",{\"a\":\"b\"}", "]}"},
      {"destinations", EVENT ",\"destinationList\":[0", ",{\"type\":\"a\",\"destination\":\"b\"}",
       "]}"}}},
    {"submission",
     run_submission,
     ALL,
     {"benign", ENVELOPE("2000"),
      "\n{\"type\":\"Note\",\"n\":\"#\",\"text\":\"" A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16
      "\"}",
      ""},
     {{"smallest records", ENVELOPE("10000"), "\n{}", ""},
      {"records of one byte", ENVELOPE("10000"), "\na", ""},
      {"empty records", ENVELOPE("10000"), "\n", ""},
      {"records at fault", ENVELOPE("10000"), "\n{\"a\":1,\"a\":\"" A16 A16 A16 A16 A16 A16 "\"}",
       ""},
      {"an envelope without end", "{\"author\":\"", "A", ""},
      {"names in the envelope", "{\"a\":1", ",\"#\":0", "}\n{}"},
      {"one record", ENVELOPE("1") "\n{\"a\":0", ",\"#\":0", "}"}}},
    {"receipt",
     run_receipt,
     ALL,
     {"benign", "{\"type\":\"suyuan/receipt/v1\",\"record\":{\"number\":1,\"payload\":\"{",
      "'type':'something like a text'", "}\",\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}}"},
     {{"escapes", "{\"type\":\"suyuan/receipt/v1\",\"record\":{\"number\":1,\"payload\":\"",
       "\\u007b", "\",\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}}"},
      {"a payload with many names",
       "{\"type\":\"suyuan/receipt/v1\",\"record\":{\"number\":1,\"payload\":\"{\\\"a\\\":0",
       ",\\\"#\\\":0", "}\",\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}}"},
      {"a path", "{\"submission\":{\"position\":1,\"path\":[\"" KEY44 "\"", ",\"" KEY44 "\"",
       "]},\"type\":\"suyuan/receipt/v1\"}"},
      {"a proof of lines", "{\"type\":\"suyuan/receipt/v1\",\"proof\":\"", "a\\n", "\"}"},
      {"members", "{\"type\":\"suyuan/receipt/v1\"", ",\"#\":0", "}"}}},
    {"note",
     run_note,
     65000,
     {"benign", CHECKPOINT, "\u2014 other.example AAAAAAA=\n", ""},
     {{"short signatures", CHECKPOINT, "\u2014 a AAAAAAA=\n", ""},
      {"signatures of the log's name", CHECKPOINT, "\u2014 example.com/trace AAAAAAA=\n", ""},
      {"empty lines", "", "\n", ""},
      {"dashes", "", "\u2014 ", ""},
      {"empty lines and dashes", "", "\n\n\u2014 ", ""},
      {"one line", "", "a", ""},
      {"a proof's hashes", PROOF, KEY44 "\n", ""},
      {"short lines of a proof", PROOF, "A\n", ""}}},
    {"code",
     run_code,
     4090,
     {"benign", "https://example.org/", "some/path/", "01/06901234567892"},
     {{"brackets", "", "(10)a", ""},
      {"element strings", "]d2", "10a\x1d", ""},
      {"AIs of a link", "https://id.gs1.org/01/06901234567892", "/10/a", ""},
      {"queries", "https://id.gs1.org/01/06901234567892?", "17=270101&", ""},
      {"GTINs in a link", "https://id.gs1.org", "/01/06901234567892", ""},
      {"percents", "https://id.gs1.org/01/06901234567892/10/", "%41", ""},
      {"bad percents", "https://id.gs1.org/01/06901234567892/10/", "%", ""},
      {"digits", "", "8", ""},
      {"colons", "urn:", ":", ""},
      {"dots", "urn:epc:id:sgtin:", ".", ""},
      {"own", "urn:suyuan:own:a:b", ":lot:a", ""},
      {"Chinese", "urn:suyuan:own:a:", "\xe6\xba\xaf", ""}}},
    {"a code too long",
     run_code,
     ALL,
     {"benign", "https://example.org/", "some/path/", "01/06901234567892"},
     {{"brackets", "", "(10)a", ""},
      {"digits", "", "8", ""},
      {"colons", "urn:", ":", ""},
      {"percents", "https://id.gs1.org/01/06901234567892/10/", "%41", ""}}},
    {"values",
     run_values,
     ALL,
     {"benign", "", "AAAA", ""},
     {{"nines", "", "9", ""},
      {"a fraction", "0.", "0", ""},
      {"an exponent", "1e", "9", ""},
      {"padding", "", "=", ""},
      {"tiles", "0/", "x000/", "000"},
      {"not UTF-8", "", "\xff", ""},
      {"wide", "", "\xf0\x9f\x98\x80", ""},
      {"spaces of three bytes", "", "\xe3\x80\x81", ""},
      {"schemes", "", ":/", ""},
      {"pluses", "", "+", ""},
      {"dates", "", "2026-11-24T00:00:00.", ""},
      {"LFs", "", "\n", ""}}},
    {"csv",
     run_csv,
     ALL,
     {"benign", "", "06901234567892,A#,2026-11-24,\"some, text\",100\n", ""},
     {{"quotes that open in each line and never close", "", "\"x\",\",\n", ""},
      {"the same with a field that closes", "", "\"\",\"a\n", ""},
      {"quotes", "", "\"", ""},
      {"quotes and LFs", "", "\"\n", ""},
      {"commas", "", ",", ""},
      {"LFs", "", "\n", ""},
      {"CRs", "", "\r", ""},
      {"doubled quotes", "\"", "\"\"", "\""},
      {"lines in a field", "\"", "a\n", "\""},
      {"not UTF-8", "", "a\xff\n", ""},
      {"text behind quotes", "", "\"a\"b\n", ""},
      {"one field", "", "a", ""}}},
    {"http",
     run_http,
     ALL,
     {"benign", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "40\r\n" A16 A16 A16 A16 "\r\n", "0\r\n\r\n"},
     {{"chunks of a byte", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       "1\r\na\r\n", "0\r\n\r\n"},
      {"chunk extensions", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       "1;a=\"bbbbbbbb\"\r\na\r\n", "0\r\n\r\n"},
      {"one extension", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a",
       ""},
      {"zeros of a size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "0",
       ""},
      {"trailers", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
       "a: b\r\n", "\r\n"},
      {"fields", "GET / HTTP/1.1\r\nHost: a\r\n", "a: b\r\n", "\r\n"},
      {"a field", "GET / HTTP/1.1\r\nHost: a\r\nB: ", " ", "\r\n\r\n"},
      {"a target", "GET /", "%41", " HTTP/1.1\r\n\r\n"},
      {"empty lines", "", "\r\n", ""},
      {"percents", "/", "%41", ""},
      {"bad percents at the end", "/", "%41", "%"}}},
    {"config",
     run_config,
     ALL,
     {"benign", "", ";\n\n", ""},
     {{"unknown keys", "[log]\n", "# = 1\na# = 2\n", ""},
      {"unknown sections", "", "[#]\na=b\n", ""},
      {"the same key", "[log]\n", "level = info\n", ""},
      {"continued", "[log]\nlevel = info\n", " a\n", ""},
      {"one line", "", "a", ""},
      {"no keys", "", "a\n", ""},
      {"brackets", "", "[\n", ""},
      {"addresses", "[http]\n", "listen = 1,2,3,4,5,6,7,8,9,10\n", ""}}},
};

START_TEST(bounded)
{
	must_be_bounded(&parsers[_i]);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("hostile");
	TCase *t = tcase_create("bounded");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, bounded, 0, COUNT(parsers));
	suite_add_tcase(s, t);
	return s;
}
