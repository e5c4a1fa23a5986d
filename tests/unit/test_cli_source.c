/* Files of each form to records: what they become, and that nothing is lost without a word when
 * memory is out. */
#include "faults.h"
#include "fuzz/memory_file.h"
#include "source.h"

#include "run.h" /* last: Check makes a macro of fail */

#define BATCH(lot) "6901234567892," lot ",5,盒,2026-11-01\n"
#define CODE(n, layer, parent)                                                                    \
	"<Code curCode=\"8206233000000000000" n "\" packLayer=\"" layer "\" parentCode=\"" parent \
	"\"/>\n"
#define XML(codes)                                                   \
	"<Document><Relation cascade=\"1:2\"><Batch batchNo=\"D1\" " \
	"madeDate=\"2026-09-01\">\n" codes "</Batch></Relation></Document>\n"
#define BOX "82062330000000000009"
#define EVENT(id)                                                                             \
	"{\"type\":\"ObjectEvent\",\"eventID\":\"urn:x:" id "\",\"eventTime\":"               \
	"\"2026-11-01T00:00:00Z\",\"eventTimeZoneOffset\":\"+00:00\",\"action\":\"OBSERVE\"," \
	"\"epcList\":[\"urn:x:a\"]}"

static const struct {
	const char *name, *text;
	size_t good, bad;
} files[] = {
    {"CSV", "商品条码,批号,数量,单位,生产日期\n" BATCH("A1") "x,A2,5,盒,2026-11-01\n" BATCH("A3"),
     2, 1},
    {"NDJSON",
     EVENT("1") "\n{\"gtin\":\"6901234567892\",\"lot\":\"A1\",\"made\":\"2026-11-01\"}\n{\n", 2, 1},
    {"a document",
     "{\"type\":\"EPCISDocument\",\"epcisBody\":{\"eventList\":[" EVENT("1") "," EVENT("2") ",1]}}",
     2, 1},
    {"drug codes", XML(CODE("9", "2", "") CODE("0", "1", BOX) CODE("1", "1", BOX)), 3, 0},
    {"drug codes at fault", XML(CODE("9", "2", "") CODE("0", "1", BOX) CODE("0", "1", BOX)), 0, 2},
    {"drug codes without containers", XML(CODE("0", "1", "") CODE("1", "1", "")), 1, 0},
};

struct counts {
	size_t good, bad;
	bool odd; /* an item was neither or both */
};

/* Reads a whole file; the last error, SY_ENOTFOUND when all of it was read. */
static int read_all(const char *path, struct counts *n, struct fail *f)
{
	struct source_options o = {.path = path};
	struct source *s = NULL;
	struct item item;
	int err = SY_OK;

	memset(n, 0, sizeof *n);
	if (source_open(&o, &s, f) != RC_DONE)
		return SY_EINVAL;
	while (err == SY_OK) {
		struct sy_arena arena = {0};
		err = source_next(s, &arena, &item, f);
		if (err == SY_OK) {
			struct sy_buf out = {0};
			n->odd = n->odd || (item.reason == NULL) != (item.record.n > 0);
			*(item.reason == NULL ? &n->good : &n->bad) += 1;
			source_reject(s, &item, &out);
			sy_buf_free(&out);
		}
		sy_arena_free(&arena);
	}
	source_close(s);
	return err;
}

START_TEST(forms)
{
	struct fail f = {0};
	struct counts n;
	char path[32];
	int fd = memory_file(files[_i].text, strlen(files[_i].text), path);

	ck_assert_int_eq(read_all(path, &n, &f), SY_ENOTFOUND);
	ck_assert_msg(n.good == files[_i].good && n.bad == files[_i].bad,
		      "%s: %zu good, %zu bad %s", files[_i].name, n.good, n.bad, f.text);
	close(fd);
}
END_TEST

/* A failed allocation is said: as the end of the reading, or of a row alone. */
START_TEST(memory)
{
	unsigned at = 0;
	bool failed;

	do {
		struct fail f = {0};
		struct counts n;
		char path[32];
		int fd = memory_file(files[_i].text, strlen(files[_i].text), path);
		fail_alloc_at(++at);
		int err = read_all(path, &n, &f);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert(!n.odd);
		if (err == SY_ENOTFOUND) {
			ck_assert_msg(n.good + n.bad >= files[_i].good + files[_i].bad ||
					  (n.bad > files[_i].bad),
				      "%s, allocation %u: %zu good, %zu bad", files[_i].name, at,
				      n.good, n.bad);
			ck_assert_uint_le(n.good, files[_i].good);
		} else {
			ck_assert_msg(f.text[0] != '\0', "%s, allocation %u", files[_i].name, at);
		}
		close(fd);
	} while (failed && at < 2000);
	ck_assert_uint_gt(at, 10);
	ck_assert(!failed);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_source");
	TCase *t = tcase_create("forms");

	tcase_add_loop_test(t, forms, 0, sizeof files / sizeof files[0]);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_add_loop_test(t, memory, 0, sizeof files / sizeof files[0]);
	suite_add_tcase(s, t);
	return s;
}
