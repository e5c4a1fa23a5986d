/* The XML in which drug codes are reported, whatever is read at once. */
#include "relation.h"

#include "run.h" /* last: Check makes a macro of fail */

static void on_batch(void *ctx, const struct relation_batch *b)
{
	sy_buf_printf(ctx, "%d batch %.*s %.*s %.*s product %.*s ratio %.*s\n", (int)b->line,
		      (int)b->lot.n, b->lot.p, (int)b->made.n, b->made.p, (int)b->expires.n,
		      b->expires.p, (int)b->product.n, b->product.p, (int)b->ratio.n, b->ratio.p);
}

static void on_code(void *ctx, const struct relation_code *c)
{
	sy_buf_printf(ctx, "%d %.*s/%.*s in %.*s\n", (int)c->line, (int)c->layer.n, c->layer.p,
		      (int)c->code.n, c->code.p, (int)c->parent.n, c->parent.p);
}

static void on_end(void *ctx)
{
	sy_buf_text(ctx, "end\n");
}

static const struct relation_calls calls = {on_batch, on_code, on_end};

static const struct {
	const char *name, *xml, *said; /* the fault in brackets at its end */
} documents[] = {
    {"as it is written",
     "<?xml version=\"1.0\" encoding=\"GB2312\"?>\n<Document><Events><Event>\n"
     "<Relation productCode=\"99\" cascade=\"1:2\">\n"
     "<Batch batchNo=\"批1\" madeDate=\"2026-09-01\" validateDate=\"2029-08-31\">\n"
     "<Code curCode=\"83\" packLayer=\"2\" flag=\"2\"/>\n"
     "<Code curCode=\"82\" packLayer=\"1\" parentCode=\"83\"/>\n"
     "</Batch></Relation></Event></Events></Document>",
     "4 batch 批1 2026-09-01 2029-08-31 product 99 ratio 1:2\n5 2/83 in \n6 1/82 in 83\nend\n"},
    {"any case, prefix and order; other elements and text",
     "<a:document xmlns:a='urn:x'><x>text &amp; more</x><a:RELATION a:Cascade='1'/>"
     "<BATCH batchno='&#66;1'><!-- no --><code PARENTCODE='3' packlayer='1' CurCode='2'>x</code>"
     "</BATCH><batch/></a:document>",
     "1 batch B1   product  ratio 1\n1 1/2 in 3\nend\n1 batch    product  ratio 1\nend\n"},
    {"not closed", "<Document><Batch>", "1 batch    product  ratio \n[line 1, column 18: "},
    {"no XML", "batch,code\n", "[line 1, column 1: "},
    {"nothing", "", "[line 1, column 1: no element found"},
    {"no batch", "<Document/>\n", "[line 2, column 1: has no Batch"},
    {"code outside", "<D>\n <Code/></D>", "[line 2, column 2: a Code outside of a Batch"},
    {"nested", "<D><Batch><Batch/></Batch></D>",
     "1 batch    product  ratio \n[line 1, column 11: a Batch inside of a Batch"},
    {"document type", "<!DOCTYPE D><D><Batch/></D>", "document type isn't expected"},
    {"EPCIS", "<e:EPCISDocument xmlns:e='x'/>", "[line 1, column 1: EPCIS in XML"},
};

START_TEST(document)
{
	struct sy_str xml = sy_str(documents[_i].xml);

	for (size_t step = 1; step < 300; step += 37) {
		struct relation *r = NULL;
		struct sy_buf said = {0};
		struct fail f = {0};
		int rc = RC_DONE;
		ck_assert_int_eq(relation_new(&calls, &said, &r), SY_OK);
		for (size_t i = 0; rc == RC_DONE && i <= xml.n; i += step) {
			size_t n = xml.n - i < step ? xml.n - i : step;
			rc = relation_feed(r, "x", (struct sy_str){xml.p + i, n}, i + step > xml.n,
					   &f);
		}
		if (rc != RC_DONE)
			sy_buf_printf(&said, "[%s]", f.text + 3);
		sy_buf_byte(&said, '\0');
		ck_assert_msg(strstr(said.p, documents[_i].said) != NULL, "%s, step %zu: %s",
			      documents[_i].name, step, said.p);
		sy_buf_free(&said);
		relation_free(r);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_relation");
	TCase *t = tcase_create("document");

	tcase_add_loop_test(t, document, 0, sizeof documents / sizeof documents[0]);
	suite_add_tcase(s, t);
	return s;
}
