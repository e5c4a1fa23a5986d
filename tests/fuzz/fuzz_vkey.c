/*
 * Verifier keys, key names and origins.  A vkey has one spelling; any party has a name that a key
 * may bear, and no two the same; an origin is a key name.
 */
#include <suyuan/error.h>
#include <suyuan/sign.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static struct sy_signer signer;

static void check_parse(struct sy_str in)
{
	struct sy_vkey v;
	char text[SY_VKEY_TEXT];
	int err = sy_vkey_parse(in, &v);
	MUST(err == SY_OK || err == SY_EINVAL || err == SY_EKEY);
	if (err != SY_OK)
		return;
	sy_vkey_format(&v, text);
	MUST(sy_str_is(in, text) && sy_key_check(v.key) == SY_OK);
	MUST(v.id == sy_key_id(sy_str(v.name), v.key) && sy_key_name_ok(sy_str(v.name)));
}

static void check_name(struct sy_str name)
{
	struct sy_vkey v, again;
	char text[SY_VKEY_TEXT];
	int err = sy_vkey_make(&v, name, signer.key);
	MUST((err == SY_OK) == (sy_key_name_ok(name) && name.n <= SY_KEY_NAME_MAX));
	if (err)
		return;
	sy_vkey_format(&v, text);
	MUST(sy_vkey_parse(sy_str(text), &again) == SY_OK);
	MUST(sy_str_is(name, again.name) && again.id == v.id);
}

/* Its party again, by the header's own words. */
static void check_party(struct sy_str party)
{
	char name[SY_KEY_NAME_MAX + 1];
	size_t i = 0;
	int err = sy_party_key_name(party, name);
	MUST(err == SY_OK ? party.n > 0 : err == (party.n > 0 ? SY_ETOOBIG : SY_EINVAL));
	if (err)
		return;
	MUST(sy_key_name_ok(sy_str(name)));
	for (const char *p = name; *p; p++, i++) {
		uint8_t byte = (uint8_t)*p;
		if (*p == '%') {
			MUST(sy_unhex((struct sy_str){p + 1, 2}, &byte, 1) == SY_OK);
			p += 2;
		}
		MUST(i < party.n && byte == (uint8_t)party.p[i]);
	}
	MUST(i == party.n);
}

static void check_origin(struct sy_str origin)
{
	if (sy_origin_check(origin) != SY_OK)
		return;
	MUST(sy_key_name_ok(origin) && origin.n <= SY_KEY_NAME_MAX);
	MUST(origin.p[origin.n - 1] != '/' && memmem(origin.p, origin.n, "://", 3) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t seed[SY_SEED_SIZE] = {7};
	struct sy_str in = {n ? (const char *)data : "", n};
	MUST(sy_crypto_init() == SY_OK);
	sy_signer_from_seed(&signer, seed);
	check_parse(in);
	check_name(in);
	check_party(in);
	check_origin(in);
	return 0;
}
