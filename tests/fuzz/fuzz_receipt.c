/*
 * Receipts.  Whatever is read is written again and read as the same; a fault names step, member
 * and reason; and nothing but a true receipt verifies.
 */
#include <suyuan/error.h>
#include <suyuan/receipt.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

/* FORMAT.md's test vector; its seed is public, but no input here can hold a new signature. */
static const char vkey[] =
    "example.com/trace+adfcf93c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

static struct sy_arena arena;

static void check_again(const struct sy_receipt *r)
{
	struct sy_buf proof = {0}, text = {0};
	struct sy_receipt again;
	sy_tlog_proof_format(r->proof.index, &r->proof.path, r->proof.checkpoint, &proof);
	sy_receipt_write(&text, r->number, r->payload, r->salt, r->position, &r->path,
			 r->entry_bytes, sy_buf_span(&proof));
	MUST(sy_receipt_parse(&arena, sy_buf_span(&text), &again, NULL) == SY_OK);
	MUST(again.number == r->number && again.position == r->position);
	MUST(sy_str_eq(again.payload, r->payload));
	MUST(memcmp(again.salt, r->salt, SY_SALT_SIZE) == 0);
	MUST(memcmp(again.entry_bytes, r->entry_bytes, SY_ENTRY_SIZE) == 0);
	MUST(sy_str_eq(again.checkpoint.note, r->checkpoint.note));
	sy_buf_free(&proof);
	sy_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str text = {(const char *)data, n};
	struct sy_receipt r;
	struct sy_receipt_fault fault = {0};
	struct sy_vkey log;
	MUST(sy_vkey_parse(SY_STR(vkey), &log) == SY_OK);
	int err = sy_receipt_parse(&arena, text, &r, &fault);
	if (err == SY_OK) {
		struct sy_json_doc doc;
		MUST(sy_record_parse(&arena, r.payload, &doc, NULL) == SY_OK);
		MUST(r.entry.kind == SY_ENTRY_SUBMISSION && r.position < r.entry.count);
		check_again(&r);
		err = sy_receipt_verify(&r, &log, NULL, &fault);
		MUST(fault.step != SY_RECEIPT_FORM);
	} else {
		MUST(fault.step == SY_RECEIPT_FORM);
	}
	MUST((err == SY_OK) == (fault.step == SY_RECEIPT_OK));
	MUST(fault.pointer && fault.detail);
	struct sy_receipt_fault other;
	MUST(sy_receipt_check(text, SY_STR(vkey), &other) == err && other.step == fault.step);
	sy_arena_reset(&arena);
	return 0;
}
