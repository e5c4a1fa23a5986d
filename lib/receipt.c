#include <suyuan/error.h>
#include <suyuan/receipt.h>

#define TYPE "suyuan/receipt/v1"

static int fail(struct sy_receipt_fault *fault, int err, enum sy_receipt_step step,
		const char *pointer, const char *detail)
{
	if (fault)
		*fault = (struct sy_receipt_fault){step, pointer, detail};
	return err;
}

/* --- form ----------------------------------------------------------------------------------- */

struct form {
	struct sy_arena *arena;
	struct sy_json_doc doc;
	struct sy_receipt_fault *fault;
};

static int bad(struct form *f, int err, const char *pointer, const char *detail)
{
	if (err == SY_ENOMEM)
		detail = sy_strerror(err);
	return fail(f->fault, err, SY_RECEIPT_FORM, pointer, detail);
}

/* Pointers of faults outlive the arena, so a fault inside a member is the member's. */
static const char *nearest(const char *pointer)
{
	static const char *const known[] = {
	    "/record/number",
	    "/record/payload",
	    "/record/salt",
	    "/record",
	    "/submission/position",
	    "/submission/path",
	    "/submission",
	    "/entry",
	    "/proof",
	    "/party",
	    "/type",
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t n = strlen(known[i]);
		if (strncmp(pointer, known[i], n) == 0 && (pointer[n] == '\0' || pointer[n] == '/'))
			return known[i];
	}
	return "";
}

/* What stands at POINTER, of one or two names; NULL when nothing does. */
static const struct sy_json *at(const struct form *f, const char *pointer)
{
	const struct sy_json *v = sy_json_root(&f->doc);
	char name[16];
	while (v && *pointer == '/') {
		size_t n = strcspn(++pointer, "/");
		memcpy(name, pointer, n);
		name[n] = '\0';
		v = sy_json_get(&f->doc, v, name);
		pointer += n;
	}
	return v;
}

static int read_base64(struct form *f, const struct sy_json *v, const char *pointer, void *out,
		       size_t n, const char *detail)
{
	struct sy_str text;
	int err = sy_json_string(&f->doc, v, f->arena, &text);
	if (err == SY_OK)
		err = sy_unbase64_exact(text, out, n);
	return err ? bad(f, err, pointer, detail) : SY_OK;
}

static int read_record(struct form *f, struct sy_receipt *out)
{
	struct sy_json_doc record;
	int err = sy_json_u64(&f->doc, at(f, "/record/number"), &out->number);
	if (err)
		return bad(f, err, "/record/number",
			   "expected a record's number, digits without fraction or exponent");
	err = sy_json_string(&f->doc, at(f, "/record/payload"), f->arena, &out->payload);
	if (err)
		return bad(f, err, "/record/payload", "expected the record's text as a string");
	err = sy_record_parse(f->arena, out->payload, &record, NULL);
	if (err)
		return bad(f, err, "/record/payload", "the text isn't a legal record");
	return read_base64(f, at(f, "/record/salt"), "/record/salt", out->salt, SY_SALT_SIZE,
			   "expected 16 bytes in canonical base64");
}

static int read_path(struct form *f, struct sy_receipt *out)
{
	const struct sy_json *path = at(f, "/submission/path"), *v;
	if (path == NULL || path->type != SY_JSON_ARRAY)
		return bad(f, SY_EINVAL, "/submission/path", "expected an array of hashes");
	if (path->count > SY_PATH_MAX)
		return bad(f, SY_EINVAL, "/submission/path", "more hashes than any path has");
	sy_json_each (&f->doc, path, v) {
		int err = read_base64(f, v, "/submission/path", out->path.h[out->path.n++].b,
				      SY_HASH_SIZE, "expected hashes of 32 bytes in base64");
		if (err)
			return err;
	}
	return SY_OK;
}

static int read_entry(struct form *f, struct sy_receipt *out)
{
	const char *why = NULL;
	uint64_t position;
	int err = read_base64(f, at(f, "/entry"), "/entry", out->entry_bytes, SY_ENTRY_SIZE,
			      "expected 200 bytes in canonical base64");
	if (err)
		return err;
	err = sy_entry_decode(out->entry_bytes, &out->entry, &why);
	if (err)
		return bad(f, err, "/entry", why);
	if (out->entry.kind != SY_ENTRY_SUBMISSION)
		return bad(f, SY_EINVAL, "/entry", "an entry of a kind that has no records");
	err = sy_json_u64(&f->doc, at(f, "/submission/position"), &position);
	if (err)
		return bad(f, err, "/submission/position",
			   "expected the record's position, digits alone");
	if (position >= out->entry.count)
		return bad(f, SY_ERANGE, "/submission/position",
			   "beyond the records of the submission");
	out->position = (uint32_t)position;
	return SY_OK;
}

static int read_proof(struct form *f, struct sy_receipt *out)
{
	struct sy_str text;
	int err = sy_json_string(&f->doc, at(f, "/proof"), f->arena, &text);
	if (err)
		return bad(f, err, "/proof", "expected a tlog-proof as a string");
	err = sy_tlog_proof_parse(text, &out->proof);
	if (err)
		return bad(f, err, "/proof", "not a tlog-proof: head, index, hashes, empty line");
	err = sy_checkpoint_parse(out->proof.checkpoint, &out->checkpoint);
	if (err)
		return bad(f, err, "/proof",
			   "no checkpoint at the end: a signed note of "
			   "origin, size and root");
	return SY_OK;
}

static int read_party(struct form *f, struct sy_receipt *out)
{
	const struct sy_json *party = at(f, "/party");
	if (party == NULL)
		return SY_OK;
	if (party->type != SY_JSON_OBJECT)
		return bad(f, SY_EINVAL, "/party", "expected the receipt of a Party record");
	out->party = sy_json_raw(&f->doc, party);
	return SY_OK;
}

int sy_receipt_parse(struct sy_arena *arena, struct sy_str text, struct sy_receipt *out,
		     struct sy_receipt_fault *fault)
{
	struct form f = {.arena = arena, .fault = fault};
	struct sy_json_fault json;
	memset(out, 0, sizeof *out);
	int err = sy_json_parse(arena, text, 0, &f.doc, &json);
	if (err)
		return bad(&f, err, nearest(json.pointer), sy_strerror(err));
	if (!sy_json_is(&f.doc, at(&f, "/type"), TYPE))
		return bad(&f, SY_EINVAL, "/type", "expected \"" TYPE "\"");
	if ((err = read_record(&f, out)) || (err = read_path(&f, out)) ||
	    (err = read_entry(&f, out)) || (err = read_proof(&f, out)))
		return err;
	return read_party(&f, out);
}

/* --- proof ---------------------------------------------------------------------------------- */

static int verify_checkpoint(const struct sy_receipt *r, const struct sy_vkey *log,
			     struct sy_receipt_fault *fault)
{
	int err = sy_checkpoint_verify(&r->checkpoint, log);
	if (err == SY_OK)
		return SY_OK;
	return fail(fault, err, SY_RECEIPT_CHECKPOINT, "/proof",
		    err == SY_EORIGIN ? "the checkpoint is another ledger's"
				      : "the checkpoint isn't signed by the log's key");
}

static int verify_entry(const struct sy_receipt *r, struct sy_receipt_fault *fault)
{
	sy_hash leaf;
	if (r->proof.index != r->entry.index)
		return fail(fault, SY_EPROOF, SY_RECEIPT_ENTRY, "/proof",
			    "the proof's index isn't the entry's");
	sy_leaf_hash(r->entry_bytes, SY_ENTRY_SIZE, &leaf);
	if (sy_inclusion_verify(&leaf, r->entry.index, r->checkpoint.size, &r->proof.path,
				&r->checkpoint.root) != SY_OK)
		return fail(fault, SY_EPROOF, SY_RECEIPT_ENTRY, "/proof",
			    "the hashes don't lead from the entry to the checkpoint's root");
	return SY_OK;
}

static int verify_record(const struct sy_receipt *r, struct sy_receipt_fault *fault)
{
	sy_hash leaf;
	sy_record_leaf(r->salt, r->payload, &leaf);
	if (sy_inclusion_verify(&leaf, r->position, r->entry.count, &r->path,
				&r->entry.records_root) != SY_OK)
		return fail(fault, SY_EPROOF, SY_RECEIPT_RECORD, "/submission/path",
			    "payload, salt and path don't lead to the entry's records");
	if (r->number < r->position || r->number - r->position != r->entry.first)
		return fail(fault, SY_EPROOF, SY_RECEIPT_RECORD, "/record/number",
			    "not the number of the record at this position of the entry");
	return SY_OK;
}

int sy_receipt_verify(const struct sy_receipt *r, const struct sy_vkey *log,
		      const uint8_t author[SY_KEY_SIZE], struct sy_receipt_fault *fault)
{
	int err;
	if ((err = verify_checkpoint(r, log, fault)) || (err = verify_entry(r, fault)) ||
	    (err = verify_record(r, fault)))
		return err;
	err = sy_entry_verify(&r->entry, r->checkpoint.origin);
	if (err)
		return fail(fault, err, SY_RECEIPT_SIGNATURE, "/entry",
			    err == SY_EVERSION ? "signed in a way that this version can't check"
					       : "the author's signature doesn't verify");
	if (author && memcmp(author, r->entry.author, SY_KEY_SIZE) != 0)
		return fail(fault, SY_EKEY, SY_RECEIPT_AUTHOR, "/entry",
			    "signed by another key than the one expected");
	return fail(fault, SY_OK, SY_RECEIPT_OK, "", "");
}

int sy_receipt_check(struct sy_str text, struct sy_str log_vkey, struct sy_receipt_fault *fault)
{
	struct sy_arena arena = {0};
	struct sy_receipt r;
	struct sy_vkey log;
	int err = sy_crypto_init();
	if (err == SY_OK)
		err = sy_vkey_parse(log_vkey, &log);
	if (err)
		return fail(fault, err, SY_RECEIPT_CHECKPOINT, "", "the log's vkey is malformed");
	err = sy_receipt_parse(&arena, text, &r, fault);
	if (err == SY_OK)
		err = sy_receipt_verify(&r, &log, NULL, fault);
	sy_arena_free(&arena);
	return err;
}

/* --- writing -------------------------------------------------------------------------------- */

void sy_receipt_write(struct sy_buf *out, uint64_t number, struct sy_str payload,
		      const uint8_t salt[SY_SALT_SIZE], uint32_t position,
		      const struct sy_path *path, const uint8_t entry[SY_ENTRY_SIZE],
		      struct sy_str proof)
{
	struct sy_jw w;
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", TYPE);
	sy_jw_key(&w, "record");
	sy_jw_object(&w);
	sy_jw_kv_u64(&w, "number", number);
	sy_jw_kv_str(&w, "payload", payload);
	sy_jw_key(&w, "salt");
	sy_jw_base64(&w, salt, SY_SALT_SIZE);
	sy_jw_end(&w, '}');
	sy_jw_key(&w, "submission");
	sy_jw_object(&w);
	sy_jw_kv_u64(&w, "position", position);
	sy_jw_key(&w, "path");
	sy_jw_array(&w);
	for (unsigned i = 0; i < path->n; i++)
		sy_jw_base64(&w, path->h[i].b, SY_HASH_SIZE);
	sy_jw_end(&w, ']');
	sy_jw_end(&w, '}');
	sy_jw_key(&w, "entry");
	sy_jw_base64(&w, entry, SY_ENTRY_SIZE);
	sy_jw_kv_str(&w, "proof", proof);
	sy_jw_end(&w, '}');
}
