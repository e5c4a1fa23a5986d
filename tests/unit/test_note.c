/* Signed notes, checkpoints and proofs; the good note was made by another implementation. */
#include "faults.h"
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/note.h>

#include <stdlib.h>

#define ORIGIN "example.com/trace"
#define ROOT "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao="
#define BLOB                                                                               \
	"rfz5PF5UtOjkeTLCMboT0dbe6I/Sop/gccNGJEWbHPmwONP9QyMDQp9GMSns9kpdk9p1xJfX9NaYshl/" \
	"oWZgc+FYhg8="
#define BODY ORIGIN "\n70000\n" ROOT "\n"
#define DASH "\u2014 "
#define LINE DASH ORIGIN " " BLOB "\n"
#define NOTE BODY "\n" LINE
/* The same blob with one bit of the signature turned. */
#define BAD_LINE                                                                            \
	DASH ORIGIN                                                                         \
	    " rfz5PF5UtOjkeTLCMboT0dbe6I/Sop/gccNGJEWbHPmwONP9QyMDQp9GMSns9kpdk9p1xJfX9NaY" \
	    "shl/oWZgc+FYhg4=\n"
#define STRANGER DASH "witness.example AAAAAAAAAAAA\n"

static struct sy_signer signer;
static struct sy_vkey vkey;

static void setup(void)
{
	uint8_t seed[32];
	for (int i = 0; i < 32; i++)
		seed[i] = (uint8_t)i;
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	sy_signer_from_seed(&signer, seed);
	ck_assert_int_eq(sy_vkey_make(&vkey, SY_STR(ORIGIN), signer.key), SY_OK);
}

static sy_hash root(void)
{
	sy_hash h;
	ck_assert_int_eq(sy_unbase64_exact(SY_STR(ROOT), h.b, 32), SY_OK);
	return h;
}

/* --- notes ------------------------------------------------------------------------------------ */

static const struct {
	const char *name, *note;
	int err;
} notes[] = {
    {"good", NOTE, SY_OK},
    {"a stranger's line before", BODY "\n" STRANGER LINE, SY_OK},
    {"a stranger's line after", BODY "\n" LINE STRANGER, SY_OK},
    {"twice the same", BODY "\n" LINE LINE, SY_OK},
    {"a stranger with our name", BODY "\n" LINE DASH ORIGIN " AAAAAAAA\n", SY_OK},
    {"a stranger with our id", BODY "\n" LINE DASH "other.example rfz5PAAA\n", SY_OK},
    {"a stranger's name in UTF-8", BODY "\n" LINE DASH "见证.example AAAAAAAA\n", SY_OK},
    {"only strangers", BODY "\n" STRANGER, SY_ENOTFOUND},
    {"bad", BODY "\n" BAD_LINE, SY_ESIG},
    {"bad after good", BODY "\n" LINE BAD_LINE, SY_ESIG},
    {"bad before good", BODY "\n" BAD_LINE LINE, SY_ESIG},
    {"other text", "x" BODY "\n" LINE, SY_ESIG},
    {"our key, signature too short", BODY "\n" DASH ORIGIN " rfz5PAAA\n", SY_ESIG},
    {"good, and ours too short", BODY "\n" LINE DASH ORIGIN " rfz5PAAA\n", SY_ESIG},
    {"empty", "", SY_EINVAL},
    {"only LF", "\n", SY_EINVAL},
    {"two LF", "\n\n", SY_EINVAL},
    {"no signatures", BODY "\n", SY_EINVAL},
    {"no empty line", BODY LINE, SY_EINVAL},
    {"no LF at the end", BODY "\n" DASH ORIGIN " " BLOB, SY_EINVAL},
    {"an empty line at the end", NOTE "\n", SY_EINVAL},
    {"CR LF", BODY "\r\n" LINE, SY_EINVAL},
    {"tab", "a\tb\n\n" LINE, SY_EINVAL},
    {"not UTF-8", "a\xff\n\n" LINE, SY_EINVAL},
    {"surrogate", "\xed\xa0\x80\n\n" LINE, SY_EINVAL},
    {"hyphen for dash", BODY "\n- " ORIGIN " " BLOB "\n", SY_EINVAL},
    {"en dash", BODY "\n\u2013 " ORIGIN " " BLOB "\n", SY_EINVAL},
    {"no space after dash", BODY "\n\u2014" ORIGIN " " BLOB "\n", SY_EINVAL},
    {"two spaces after dash", BODY "\n\u2014  " ORIGIN " " BLOB "\n", SY_EINVAL},
    {"no name", BODY "\n" DASH BLOB "\n", SY_EINVAL},
    {"two spaces", BODY "\n" DASH ORIGIN "  " BLOB "\n", SY_EINVAL},
    {"space at the end", BODY "\n" DASH ORIGIN " " BLOB " \n", SY_EINVAL},
    {"plus in a name", BODY "\n" LINE DASH "a+b AAAAAAAA\n", SY_EINVAL},
    {"Unicode space in a name", BODY "\n" LINE DASH "a\u3000b AAAAAAAA\n", SY_EINVAL},
    {"no blob", BODY "\n" LINE DASH "a \n", SY_EINVAL},
    {"only an id", BODY "\n" LINE DASH "a AAAAAA==\n", SY_EINVAL},
    {"id and a byte", BODY "\n" LINE DASH "a AAAAAAA=\n", SY_OK},
    {"trailing bits", BODY "\n" LINE DASH "a AAAAAAB=\n", SY_EINVAL},
    {"no padding", BODY "\n" LINE DASH "a AAAAAAA\n", SY_EINVAL},
    {"text after the signatures", NOTE "more\n", SY_EINVAL},
};

START_TEST(note_forms)
{
	struct sy_str body;
	int err = sy_note_verify(sy_str(notes[_i].note), &vkey, &body);
	ck_assert_msg(err == notes[_i].err, "%s: %s", notes[_i].name, sy_strerror(err));
	ck_assert_int_eq(sy_note_verify(sy_str(notes[_i].note), &vkey, NULL), err);
	if (err == SY_OK)
		ck_assert(sy_str_is(body, BODY));
}
END_TEST

/* The text of a note may have empty lines; the last one ends it. */
START_TEST(empty_lines_in_text)
{
	static const char *const texts[] = {"a\n\nb\n", "\n", "\n\n", "a\n\n", "\n\na\n"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		uint8_t blob[4 + SY_SIG_SIZE];
		struct sy_buf b = {0};
		struct sy_str body;
		sy_put32(blob, vkey.id);
		sy_sign(&signer, texts[i], strlen(texts[i]), blob + 4);
		sy_buf_text(&b, texts[i]);
		sy_buf_text(&b, "\n" DASH ORIGIN " ");
		sy_buf_base64(&b, blob, sizeof blob);
		sy_buf_byte(&b, '\n');
		ck_assert_int_eq(sy_note_verify(sy_buf_span(&b), &vkey, &body), SY_OK);
		ck_assert(sy_str_is(body, texts[i]));
		sy_buf_free(&b);
	}
}
END_TEST

START_TEST(zero_byte)
{
	char note[] = NOTE;
	note[0] = '\0';
	ck_assert_int_eq(sy_note_verify(SY_STR(note), &vkey, NULL), SY_EINVAL);
}
END_TEST

/* Post-quantum cosignatures are long: sixteen of them beside ours, and up to the limit exactly. */
START_TEST(many_signatures)
{
	uint8_t blob[4 + 8 + 2420] = {1, 2, 3, 4};
	struct sy_buf b = {0};
	struct sy_checkpoint c;
	sy_buf_text(&b, BODY "\n");
	for (int i = 0; i < 16; i++) {
		sy_buf_printf(&b, DASH "witness%d.example ", i);
		sy_buf_base64(&b, blob, sizeof blob);
		sy_buf_byte(&b, '\n');
	}
	sy_buf_text(&b, LINE);
	ck_assert_uint_lt(b.n, SY_NOTE_MAX);
	ck_assert_int_eq(sy_note_verify(sy_buf_span(&b), &vkey, NULL), SY_OK);
	ck_assert_int_eq(sy_checkpoint_parse(sy_buf_span(&b), &c), SY_OK);

	while (b.n < SY_NOTE_MAX - 100)
		sy_buf_text(&b, STRANGER);
	sy_buf_text(&b, DASH);
	while (b.n < SY_NOTE_MAX - 10)
		sy_buf_byte(&b, 'x');
	sy_buf_text(&b, " AAAAAAAA\n");
	ck_assert_uint_eq(b.n, SY_NOTE_MAX);
	ck_assert_int_eq(sy_note_verify(sy_buf_span(&b), &vkey, NULL), SY_OK);
	b.n--;
	sy_buf_text(&b, "\n");
	sy_buf_text(&b, STRANGER);
	ck_assert_int_eq(sy_note_verify(sy_buf_span(&b), &vkey, NULL), SY_ETOOBIG);
	ck_assert_int_eq(sy_checkpoint_parse(sy_buf_span(&b), &c), SY_ETOOBIG);
	sy_buf_free(&b);
}
END_TEST

/* --- checkpoints ------------------------------------------------------------------------------ */

START_TEST(checkpoint_signs_as_others_do)
{
	struct sy_buf b = {0};
	sy_hash h = root();
	sy_buf_text(&b, "before");
	ck_assert_int_eq(sy_checkpoint_sign(&signer, SY_STR(ORIGIN), 70000, &h, &b), SY_OK);
	ck_assert_str_eq(sy_buf_cstr(&b), "before" NOTE);
	ck_assert_int_eq(sy_checkpoint_sign(&signer, SY_STR("a b"), 1, &h, &b), SY_EINVAL);
	ck_assert_str_eq(sy_buf_cstr(&b), "before" NOTE);
	sy_buf_free(&b);
}
END_TEST

START_TEST(checkpoint_out_of_memory)
{
	sy_hash h = root();
	for (unsigned n = 1;; n++) {
		struct sy_buf b = {0};
		fail_alloc_at(n);
		int err = sy_checkpoint_sign(&signer, SY_STR(ORIGIN), 70000, &h, &b);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		sy_buf_free(&b);
		if (!failed) {
			ck_assert_uint_gt(n, 1);
			return;
		}
	}
}
END_TEST

START_TEST(checkpoint_reads)
{
	struct sy_checkpoint c;
	sy_hash h = root();
	ck_assert_int_eq(sy_checkpoint_parse(SY_STR(NOTE), &c), SY_OK);
	ck_assert(sy_str_is(c.origin, ORIGIN));
	ck_assert_uint_eq(c.size, 70000);
	ck_assert(sy_hash_eq(&c.root, &h));
	ck_assert(sy_str_is(c.note, NOTE));
	ck_assert(sy_str_is(c.body, BODY));
	ck_assert_int_eq(sy_checkpoint_verify(&c, &vkey), SY_OK);
}
END_TEST

#define SIGS "\n" LINE
static const struct {
	const char *name, *note;
	int err;
} checkpoints[] = {
    {"size 0", ORIGIN "\n0\n" ROOT "\n" SIGS, SY_OK},
    {"the largest size", ORIGIN "\n18446744073709551615\n" ROOT "\n" SIGS, SY_OK},
    {"only strangers' signatures", BODY "\n" STRANGER, SY_OK},
    {"size too large", ORIGIN "\n18446744073709551616\n" ROOT "\n" SIGS, SY_ERANGE},
    {"leading zero", ORIGIN "\n070000\n" ROOT "\n" SIGS, SY_EINVAL},
    {"sign", ORIGIN "\n+1\n" ROOT "\n" SIGS, SY_EINVAL},
    {"space", ORIGIN "\n1 \n" ROOT "\n" SIGS, SY_EINVAL},
    {"no size", ORIGIN "\n\n" ROOT "\n" SIGS, SY_EINVAL},
    {"hex", ORIGIN "\n0x10\n" ROOT "\n" SIGS, SY_EINVAL},
    {"no root", ORIGIN "\n1\n" SIGS, SY_EINVAL},
    {"empty root", ORIGIN "\n1\n\n" SIGS, SY_EBASE64},
    {"short root", ORIGIN "\n1\nAAAA\n" SIGS, SY_EBASE64},
    {"long root", ORIGIN "\n1\n" ROOT "AAAA\n" SIGS, SY_EBASE64},
    {"root's trailing bits", ORIGIN "\n1\no5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ap=\n" SIGS,
     SY_EBASE64},
    {"extension line", BODY "more\n" SIGS, SY_EINVAL},
    {"empty extension line", BODY "\n" SIGS, SY_EINVAL},
    {"no origin", "\n1\n" ROOT "\n" SIGS, SY_EINVAL},
    {"origin with a space", "a b\n1\n" ROOT "\n" SIGS, SY_EINVAL},
    {"origin with a scheme", "https://a\n1\n" ROOT "\n" SIGS, SY_EINVAL},
    {"not a note", "x", SY_EINVAL},
};

START_TEST(checkpoint_forms)
{
	struct sy_checkpoint c;
	int err = sy_checkpoint_parse(sy_str(checkpoints[_i].note), &c);
	ck_assert_msg(err == checkpoints[_i].err, "%s: %s", checkpoints[_i].name, sy_strerror(err));
}
END_TEST

START_TEST(checkpoint_of_another)
{
	struct sy_checkpoint c;
	struct sy_vkey other;
	ck_assert_int_eq(sy_checkpoint_parse(SY_STR(NOTE), &c), SY_OK);
	ck_assert_int_eq(sy_vkey_make(&other, SY_STR("example.com/other"), signer.key), SY_OK);
	ck_assert_int_eq(sy_checkpoint_verify(&c, &other), SY_EORIGIN);
	/* the origin's name, another key */
	ck_assert_int_eq(sy_vkey_make(&other, SY_STR(ORIGIN), (const uint8_t[32]){1}), SY_OK);
	ck_assert_int_eq(sy_checkpoint_verify(&c, &other), SY_ESIG);
	/* name and id alike, another key */
	other.id = vkey.id;
	ck_assert_int_eq(sy_checkpoint_verify(&c, &other), SY_ESIG);
	ck_assert_int_eq(sy_checkpoint_parse(SY_STR(BODY "\n" BAD_LINE), &c), SY_OK);
	ck_assert_int_eq(sy_checkpoint_verify(&c, &vkey), SY_ESIG);
}
END_TEST

/* Any one bit of the note turned: refused, or (in a name or a root) simply not signed. */
START_TEST(every_bit_counts)
{
	char note[] = NOTE;
	for (size_t bit = 0; bit < 8 * (sizeof note - 1); bit++) {
		struct sy_checkpoint c;
		note[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_msg(sy_checkpoint_parse(SY_STR(note), &c) != SY_OK ||
				  sy_checkpoint_verify(&c, &vkey) != SY_OK,
			      "bit %zu", bit);
		note[bit / 8] ^= (char)(1 << bit % 8);
	}
}
END_TEST

/* --- proofs ----------------------------------------------------------------------------------- */

#define HEAD "c2sp.org/tlog-proof@v1\n"

START_TEST(proof_round_trip)
{
	for (unsigned n = 0; n <= SY_PATH_MAX; n += 8) {
		struct sy_path p = {.n = n};
		struct sy_buf b = {0};
		struct sy_tlog_proof got;
		for (unsigned i = 0; i < n; i++)
			memset(p.h[i].b, (int)(i + 1), 32);
		sy_tlog_proof_format(n * 1000, &p, SY_STR(NOTE), &b);
		ck_assert_int_eq(sy_tlog_proof_parse(sy_buf_span(&b), &got), SY_OK);
		ck_assert_uint_eq(got.index, n * 1000);
		ck_assert_uint_eq(got.path.n, n);
		ck_assert_mem_eq(got.path.h, p.h, n * sizeof p.h[0]);
		ck_assert(sy_str_is(got.checkpoint, NOTE));
		sy_buf_free(&b);
	}
}
END_TEST

static const struct {
	const char *name, *text;
	int err;
} proofs[] = {
    {"no hash", HEAD "index 0\n\n" NOTE, SY_OK},
    {"two hashes", HEAD "index 57\n" ROOT "\n" ROOT "\n\n" NOTE, SY_OK},
    {"extra", HEAD "extra AAAA\nindex 0\n\n" NOTE, SY_OK},
    {"empty extra", HEAD "extra \nindex 0\n\n" NOTE, SY_OK},
    {"extra not base64", HEAD "extra AAA\nindex 0\n\n" NOTE, SY_EBASE64},
    {"extra alone", HEAD "extra AAAA\n", SY_EINVAL},
    {"two extras", HEAD "extra AAAA\nextra AAAA\nindex 0\n\n" NOTE, SY_EINVAL},
    {"extra after index", HEAD "index 0\nextra AAAA\n\n" NOTE, SY_EBASE64},
    {"empty", "", SY_EINVAL},
    {"head alone", HEAD, SY_EINVAL},
    {"other version", "c2sp.org/tlog-proof@v2\nindex 0\n\n" NOTE, SY_EINVAL},
    {"space after head", "c2sp.org/tlog-proof@v1 \nindex 0\n\n" NOTE, SY_EINVAL},
    {"no index", HEAD ROOT "\n\n" NOTE, SY_EINVAL},
    {"index without number", HEAD "index \n\n" NOTE, SY_EINVAL},
    {"index with zero", HEAD "index 01\n\n" NOTE, SY_EINVAL},
    {"index with sign", HEAD "index -1\n\n" NOTE, SY_EINVAL},
    {"index too large", HEAD "index 18446744073709551616\n\n" NOTE, SY_ERANGE},
    {"two spaces", HEAD "index  1\n\n" NOTE, SY_EINVAL},
    {"CR", HEAD "index 1\r\n\n" NOTE, SY_EINVAL},
    {"short hash", HEAD "index 1\nAAAA\n\n" NOTE, SY_EBASE64},
    {"trailing bits", HEAD "index 1\no5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ap=\n\n" NOTE,
     SY_EBASE64},
    {"space in hash line", HEAD "index 1\n" ROOT " \n\n" NOTE, SY_EBASE64},
    {"no empty line", HEAD "index 1\n" ROOT "\n", SY_EINVAL},
    {"no checkpoint", HEAD "index 1\n" ROOT "\n\n", SY_EINVAL},
};

START_TEST(proof_forms)
{
	struct sy_tlog_proof p;
	int err = sy_tlog_proof_parse(sy_str(proofs[_i].text), &p);
	ck_assert_msg(err == proofs[_i].err, "%s: %s", proofs[_i].name, sy_strerror(err));
}
END_TEST

START_TEST(proof_too_long)
{
	struct sy_buf b = {0};
	struct sy_tlog_proof p;
	sy_buf_text(&b, HEAD "index 1\n");
	for (int i = 0; i < SY_PATH_MAX + 1; i++)
		sy_buf_text(&b, ROOT "\n");
	sy_buf_text(&b, "\n" NOTE);
	ck_assert_int_eq(sy_tlog_proof_parse(sy_buf_span(&b), &p), SY_EINVAL);
	sy_buf_free(&b);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static TCase *tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, setup, NULL);
	suite_add_tcase(s, t);
	return t;
}

Suite *suite(void)
{
	Suite *s = suite_create("note");
	TCase *t = tcase(s, "note");
	tcase_add_loop_test(t, note_forms, 0, ROWS(notes));
	tcase_add_test(t, empty_lines_in_text);
	tcase_add_test(t, zero_byte);
	tcase_add_test(t, many_signatures);
	t = tcase(s, "checkpoint");
	tcase_add_test(t, checkpoint_signs_as_others_do);
	tcase_add_test(t, checkpoint_out_of_memory);
	tcase_add_test(t, checkpoint_reads);
	tcase_add_loop_test(t, checkpoint_forms, 0, ROWS(checkpoints));
	tcase_add_test(t, checkpoint_of_another);
	tcase_add_test(t, every_bit_counts);
	t = tcase(s, "proof");
	tcase_add_test(t, proof_round_trip);
	tcase_add_loop_test(t, proof_forms, 0, ROWS(proofs));
	tcase_add_test(t, proof_too_long);
	return s;
}
