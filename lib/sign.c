#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/sign.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/random.h>

#define TYPE_ED25519 0x01 /* C2SP signed-note, signature types */

int sy_crypto_init(void)
{
	return sodium_init() < 0 ? SY_EINTERNAL : SY_OK;
}

void sy_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

int sy_random(void *p, size_t n)
{
	uint8_t *at = p;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return SY_EIO;
		at += got;
		n -= (size_t)got;
	}
	return SY_OK;
}

/* --- Ed25519 -------------------------------------------------------------------------------- */

void sy_signer_from_seed(struct sy_signer *s, const uint8_t seed[SY_SEED_SIZE])
{
	crypto_sign_seed_keypair(s->key, s->secret, seed);
}

void sy_sign(const struct sy_signer *s, const void *msg, size_t n, uint8_t sig[SY_SIG_SIZE])
{
	crypto_sign_detached(sig, NULL, msg, n, s->secret);
}

int sy_verify(const uint8_t key[SY_KEY_SIZE], const void *msg, size_t n,
	      const uint8_t sig[SY_SIG_SIZE])
{
	return crypto_sign_verify_detached(sig, msg, n, key) == 0 ? SY_OK : SY_ESIG;
}

int sy_key_check(const uint8_t key[SY_KEY_SIZE])
{
	/* The group's order L, and the neutral point. */
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
					  0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
					  0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	static const uint8_t neutral[32] = {1};
	uint8_t product[32] = {1};

	if (!crypto_core_ed25519_is_valid_point(key))
		return SY_EKEY;
	/*
	 * Releases of libsodium before the fix of CVE-2025-69277 let points with a component of
	 * order two pass above.  L times the key is neutral only in the prime-order subgroup; the
	 * function's own result is of no use here, as it refuses a neutral product.
	 */
	(void)!crypto_scalarmult_ed25519_noclamp(product, order, key);
	return memcmp(product, neutral, sizeof neutral) == 0 ? SY_OK : SY_EKEY;
}

/* --- verifier keys -------------------------------------------------------------------------- */

/* C2SP signed-note: not empty, UTF-8, no control characters, no Unicode spaces, no plus. */
bool sy_key_name_ok(struct sy_str name)
{
	static const char *const spaces[] = {
	    "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
	    "\u2004",   "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
	    "\u2028",   "\u2029", "\u202f", "\u205f", "\u3000",
	};
	if (name.n == 0 || !sy_utf8_valid(name.p, name.n, NULL))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = (uint8_t)name.p[i];
		if (c <= ' ' || c == 0x7f || c == '+')
			return false;
	}
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
		if (memmem(name.p, name.n, spaces[i], strlen(spaces[i])))
			return false;
	return true;
}

uint32_t sy_key_id(struct sy_str name, const uint8_t key[SY_KEY_SIZE])
{
	const char type = TYPE_ED25519;
	struct sy_str parts[] = {name, SY_STR("\n"), {&type, 1}, {(const char *)key, SY_KEY_SIZE}};
	sy_hash h;
	sy_sha256_parts(parts, 4, &h);
	return sy_get32(h.b);
}

int sy_vkey_make(struct sy_vkey *v, struct sy_str name, const uint8_t key[SY_KEY_SIZE])
{
	if (!sy_key_name_ok(name) || name.n > SY_KEY_NAME_MAX)
		return SY_EINVAL;
	memset(v->name, 0, sizeof v->name);
	memcpy(v->name, name.p, name.n);
	memcpy(v->key, key, SY_KEY_SIZE);
	v->id = sy_key_id(name, key);
	return SY_OK;
}

void sy_vkey_format(const struct sy_vkey *v, char out[SY_VKEY_TEXT])
{
	uint8_t typed[1 + SY_KEY_SIZE] = {TYPE_ED25519};
	memcpy(typed + 1, v->key, SY_KEY_SIZE);
	int n = snprintf(out, SY_VKEY_TEXT, "%s+%08x+", v->name, (unsigned)v->id);
	sy_base64(typed, sizeof typed, out + n);
}

int sy_vkey_parse(struct sy_str text, struct sy_vkey *out)
{
	const char *plus = text.n ? memchr(text.p, '+', text.n) : NULL;
	char again[SY_VKEY_TEXT];
	uint8_t typed[1 + SY_KEY_SIZE];
	struct sy_vkey v;

	if (plus == NULL)
		return SY_EINVAL;
	struct sy_str name = {text.p, (size_t)(plus - text.p)};
	struct sy_str rest = {plus + 1, text.n - name.n - 1};
	if (rest.n < 9 || sy_unbase64_exact((struct sy_str){rest.p + 9, rest.n - 9}, typed,
					    sizeof typed) != SY_OK)
		return SY_EINVAL;
	if (typed[0] != TYPE_ED25519 || sy_vkey_make(&v, name, typed + 1) != SY_OK)
		return SY_EINVAL;
	/* One spelling only; this is also where a wrong key id falls. */
	sy_vkey_format(&v, again);
	if (!sy_str_is(text, again))
		return SY_EINVAL;
	int err = sy_key_check(v.key);
	if (err == SY_OK)
		*out = v;
	return err;
}

/* --- names of parties and ledgers ----------------------------------------------------------- */

static bool plain_in_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~:/", c));
}

int sy_party_key_name(struct sy_str party, char out[SY_KEY_NAME_MAX + 1])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;
	if (party.n == 0)
		return SY_EINVAL;
	for (size_t i = 0; i < party.n; i++) {
		uint8_t c = (uint8_t)party.p[i];
		bool plain = plain_in_name(party.p[i]);
		if (n + (plain ? 1 : 3) > SY_KEY_NAME_MAX)
			return SY_ETOOBIG;
		if (plain) {
			out[n++] = party.p[i];
			continue;
		}
		out[n++] = '%';
		out[n++] = digits[c >> 4];
		out[n++] = digits[c & 15];
	}
	out[n] = '\0';
	return SY_OK;
}

int sy_origin_check(struct sy_str origin)
{
	if (origin.n == 0 || origin.n > SY_KEY_NAME_MAX || origin.p[origin.n - 1] == '/')
		return SY_EINVAL;
	for (size_t i = 0; i < origin.n; i++)
		if (origin.p[i] <= ' ' || origin.p[i] > '~' || origin.p[i] == '+')
			return SY_EINVAL;
	return memmem(origin.p, origin.n, "://", 3) ? SY_EINVAL : SY_OK;
}

/* --- proof of possession -------------------------------------------------------------------- */

/* An LF inside a part would let one statement be read as another. */
static int key_statement(struct sy_str origin, struct sy_str party, struct sy_str vkey,
			 struct sy_buf *out)
{
	const struct sy_str lines[] = {SY_STR("suyuan/key/v1"), origin, party, vkey};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (lines[i].n == 0 || memchr(lines[i].p, '\n', lines[i].n))
			return SY_EINVAL;
		sy_buf_str(out, lines[i]);
		sy_buf_byte(out, '\n');
	}
	return out->failed ? SY_ENOMEM : SY_OK;
}

int sy_key_proof_make(const struct sy_signer *s, struct sy_str origin, struct sy_str party,
		      struct sy_str vkey, uint8_t sig[SY_SIG_SIZE])
{
	struct sy_buf text = {0};
	int err = key_statement(origin, party, vkey, &text);
	if (err == SY_OK)
		sy_sign(s, text.p, text.n, sig);
	sy_buf_free(&text);
	return err;
}

int sy_key_proof_check(const struct sy_vkey *v, struct sy_str origin, struct sy_str party,
		       struct sy_str vkey, const uint8_t sig[SY_SIG_SIZE])
{
	char spelled[SY_VKEY_TEXT], name[SY_KEY_NAME_MAX + 1];
	struct sy_buf text = {0};

	sy_vkey_format(v, spelled);
	if (!sy_str_is(vkey, spelled) || sy_party_key_name(party, name) != SY_OK ||
	    strcmp(name, v->name) != 0)
		return SY_EKEY;
	int err = key_statement(origin, party, vkey, &text);
	if (err == SY_OK)
		err = sy_verify(v->key, text.p, text.n, sig);
	sy_buf_free(&text);
	return err;
}
