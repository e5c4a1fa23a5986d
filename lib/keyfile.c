#include <suyuan/error.h>
#include <suyuan/json.h>
#include <suyuan/keyfile.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TYPE "suyuan/key/v1"
#define KDF "argon2id13"
#define CIPHER "xchacha20poly1305-ietf"
#define FILE_MAX 8192

/* RFC 9106 section 4's second choice, and what a stranger's file may ask of this machine. */
#define OPSLIMIT 3
#define MEMLIMIT (UINT64_C(64) << 20)
#define OPSLIMIT_MAX 16
#define MEMLIMIT_MAX (UINT64_C(1) << 30)

struct secrets {
	uint8_t seed[SY_SEED_SIZE], salt_key[32];
};

struct sealed {
	uint64_t opslimit, memlimit;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	uint8_t text[sizeof(struct secrets) + crypto_aead_xchacha20poly1305_ietf_ABYTES];
};

static int refuse(const char **why, int err, const char *text)
{
	if (why)
		*why = text;
	return err;
}

/* --- sealing -------------------------------------------------------------------------------- */

static int derive(const struct sealed *s, const char *passphrase, uint8_t key[32])
{
	if (crypto_pwhash(key, 32, passphrase, strlen(passphrase), s->salt, s->opslimit,
			  (size_t)s->memlimit, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return SY_ENOMEM;
	return SY_OK;
}

/* The vkey is authenticated with the secrets, so neither can be moved to another file. */
static int seal(struct sealed *s, const struct secrets *in, const char *vkey,
		const char *passphrase)
{
	uint8_t key[32];
	*s = (struct sealed){.opslimit = OPSLIMIT, .memlimit = MEMLIMIT};
	int err = sy_random(s->salt, sizeof s->salt);
	if (err == SY_OK)
		err = sy_random(s->nonce, sizeof s->nonce);
	if (err == SY_OK)
		err = derive(s, passphrase, key);
	if (err == SY_OK)
		crypto_aead_xchacha20poly1305_ietf_encrypt(s->text, NULL, (const uint8_t *)in,
							   sizeof *in, (const uint8_t *)vkey,
							   strlen(vkey), NULL, s->nonce, key);
	sy_wipe(key, sizeof key);
	return err;
}

static int unseal(const struct sealed *s, struct secrets *out, const char *vkey,
		  const char *passphrase, const char **why)
{
	uint8_t key[32];
	int err = derive(s, passphrase, key);
	if (err)
		return refuse(why, err, "not enough memory to check the passphrase");
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)out, NULL, NULL, s->text,
						       sizeof s->text, (const uint8_t *)vkey,
						       strlen(vkey), s->nonce, key) != 0)
		err = refuse(why, SY_EKEY, "wrong passphrase, or the file was changed");
	sy_wipe(key, sizeof key);
	return err;
}

/* --- writing -------------------------------------------------------------------------------- */

int sy_keyfile_new(struct sy_keyfile *k, struct sy_str name)
{
	uint8_t seed[SY_SEED_SIZE];
	memset(k, 0, sizeof *k);
	int err = sy_random(seed, sizeof seed);
	if (err == SY_OK)
		err = sy_random(k->salt_key, sizeof k->salt_key);
	if (err == SY_OK) {
		sy_signer_from_seed(&k->signer, seed);
		err = sy_vkey_make(&k->vkey, name, k->signer.key);
	}
	if (err == SY_OK)
		sy_vkey_format(&k->vkey, k->vkey_text);
	else
		sy_wipe(k, sizeof *k);
	sy_wipe(seed, sizeof seed);
	return err;
}

static void put_bytes(struct sy_jw *w, const char *name, const void *data, size_t n)
{
	sy_jw_key(w, name);
	sy_jw_base64(w, data, n);
}

static void put_sealed(struct sy_jw *w, const struct sealed *s)
{
	sy_jw_key(w, "sealed");
	sy_jw_object(w);
	sy_jw_kv_text(w, "kdf", KDF);
	sy_jw_kv_u64(w, "opslimit", s->opslimit);
	sy_jw_kv_u64(w, "memlimit", s->memlimit);
	put_bytes(w, "salt", s->salt, sizeof s->salt);
	sy_jw_kv_text(w, "cipher", CIPHER);
	put_bytes(w, "nonce", s->nonce, sizeof s->nonce);
	put_bytes(w, "text", s->text, sizeof s->text);
	sy_jw_end(w, '}');
}

static int file_text(const struct sy_keyfile *k, const char *passphrase, struct sy_buf *out)
{
	struct secrets secret;
	struct sealed sealed;
	struct sy_jw w;
	int err = SY_OK;
	/* libsodium keeps the seed in the first half of the secret key. */
	memcpy(secret.seed, k->signer.secret, sizeof secret.seed);
	memcpy(secret.salt_key, k->salt_key, sizeof secret.salt_key);
	if (passphrase)
		err = seal(&sealed, &secret, k->vkey_text, passphrase);
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", TYPE);
	sy_jw_kv_text(&w, "vkey", k->vkey_text);
	if (passphrase && err == SY_OK) {
		put_sealed(&w, &sealed);
	} else {
		put_bytes(&w, "seed", secret.seed, sizeof secret.seed);
		put_bytes(&w, "saltKey", secret.salt_key, sizeof secret.salt_key);
	}
	sy_jw_end(&w, '}');
	sy_buf_byte(out, '\n');
	sy_wipe(&secret, sizeof secret);
	return err ? err : out->failed ? SY_ENOMEM : SY_OK;
}

static int of_errno(void)
{
	switch (errno) {
	case EEXIST:
		return SY_EDUP;
	case ENOENT:
		return SY_ENOTFOUND;
	case ENOSPC:
	case EDQUOT:
		return SY_ENOSPC;
	default:
		return SY_EIO;
	}
}

static int write_all(int fd, struct sy_str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return of_errno();
		text.p += n;
		text.n -= (size_t)n;
	}
	return fsync(fd) == 0 ? SY_OK : of_errno();
}

/* A name is only safe once its folder is. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	char *folder = n ? strndup(path, n) : strdup(".");
	if (folder == NULL)
		return SY_ENOMEM;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return of_errno();
	int err = fsync(fd) == 0 ? SY_OK : of_errno();
	close(fd);
	return err;
}

static int create(const char *path, struct sy_str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return of_errno();
	int err = write_all(fd, text);
	if (close(fd) != 0 && err == SY_OK)
		err = of_errno();
	if (err == SY_OK)
		err = sync_folder(path);
	if (err)
		unlink(path);
	return err;
}

int sy_keyfile_write(const struct sy_keyfile *k, const char *path, const char *passphrase)
{
	struct sy_buf text = {0};
	/* All the room at once: a buffer that moves leaves its secrets behind. */
	if (sy_buf_room(&text, FILE_MAX) == NULL)
		return SY_ENOMEM;
	sy_buf_reset(&text);
	int err = file_text(k, passphrase, &text);
	if (err == SY_OK)
		err = create(path, sy_buf_span(&text));
	sy_wipe(text.p, text.cap);
	sy_buf_free(&text);
	return err;
}

/* --- reading -------------------------------------------------------------------------------- */

/* A key file's text while it is looked at. */
struct file {
	char text[FILE_MAX];
	size_t n;
	struct sy_arena arena;
	struct sy_json_doc doc;
	struct sy_vkey vkey;
	bool open_to_others;
};

static int slurp(const char *path, struct file *f, const char **why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return refuse(why, of_errno(),
			      errno == ENOENT   ? "no such file"
			      : errno == EACCES ? "no permission to read the file"
						: "the file can't be opened");
	int err = SY_OK;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = refuse(why, SY_EINVAL, "not a file");
	f->open_to_others = st.st_mode & (S_IRWXG | S_IRWXO);
	while (err == SY_OK && f->n < sizeof f->text) {
		ssize_t n = read(fd, f->text + f->n, sizeof f->text - f->n);
		if (n < 0 && errno != EINTR)
			err = refuse(why, SY_EIO, "the file can't be read");
		if (n == 0)
			break;
		f->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (err == SY_OK && f->n == sizeof f->text)
		err = refuse(why, SY_EINVAL, "too long for a key file");
	return err;
}

/* Bytes in base64.  Escapes are refused, as unescaping would copy a secret. */
static int get_bytes(const struct file *f, const struct sy_json *in, const char *name, void *out,
		     size_t n)
{
	const struct sy_json *v = sy_json_get(&f->doc, in, name);
	if (v == NULL || v->type != SY_JSON_STRING || v->escaped)
		return SY_EINVAL;
	return sy_unbase64_exact((struct sy_str){f->doc.text + v->off, v->len}, out, n);
}

static int file_open(const char *path, struct file *f, const char **why)
{
	struct sy_str text;
	f->n = 0;
	f->arena = (struct sy_arena){0};
	int err = slurp(path, f, why);
	if (err)
		return err;
	err = sy_json_parse(&f->arena, (struct sy_str){f->text, f->n}, 0, &f->doc, NULL);
	if (err)
		return refuse(why, err,
			      err == SY_ENOMEM ? sy_strerror(err) : "not a key file: not JSON");
	const struct sy_json *root = sy_json_root(&f->doc);
	if (!sy_json_is(&f->doc, sy_json_get(&f->doc, root, "type"), TYPE))
		return refuse(why, SY_EINVAL, "not a key file: its type isn't " TYPE);
	err = sy_json_string(&f->doc, sy_json_get(&f->doc, root, "vkey"), &f->arena, &text);
	if (err == SY_OK)
		err = sy_vkey_parse(text, &f->vkey);
	return err ? refuse(why, err,
			    err == SY_ENOMEM ? sy_strerror(err)
					     : "the key file's vkey is malformed")
		   : SY_OK;
}

static void file_close(struct file *f)
{
	sy_arena_free(&f->arena);
	sy_wipe(f, sizeof *f);
}

static int get_sealed(const struct file *f, const struct sy_json *v, struct sealed *s,
		      const char **why)
{
	const struct sy_json_doc *d = &f->doc;
	if (!sy_json_is(d, sy_json_get(d, v, "kdf"), KDF) ||
	    !sy_json_is(d, sy_json_get(d, v, "cipher"), CIPHER))
		return refuse(why, SY_EVERSION, "sealed in a way that this version doesn't know");
	if (sy_json_u64(d, sy_json_get(d, v, "opslimit"), &s->opslimit) != SY_OK ||
	    sy_json_u64(d, sy_json_get(d, v, "memlimit"), &s->memlimit) != SY_OK ||
	    get_bytes(f, v, "salt", s->salt, sizeof s->salt) != SY_OK ||
	    get_bytes(f, v, "nonce", s->nonce, sizeof s->nonce) != SY_OK ||
	    get_bytes(f, v, "text", s->text, sizeof s->text) != SY_OK)
		return refuse(why, SY_EINVAL, "the sealed part of the key file is malformed");
	if (s->opslimit < crypto_pwhash_OPSLIMIT_MIN || s->opslimit > OPSLIMIT_MAX ||
	    s->memlimit < crypto_pwhash_MEMLIMIT_MIN || s->memlimit > MEMLIMIT_MAX)
		return refuse(why, SY_ERANGE, "the sealed part asks for too much work, or none");
	return SY_OK;
}

static int get_secrets(const struct file *f, const char *vkey, const char *passphrase,
		       struct secrets *out, const char **why)
{
	const struct sy_json *root = sy_json_root(&f->doc);
	const struct sy_json *v = sy_json_get(&f->doc, root, "sealed");
	struct sealed sealed;
	if (v == NULL) {
		if (get_bytes(f, root, "seed", out->seed, sizeof out->seed) != SY_OK ||
		    get_bytes(f, root, "saltKey", out->salt_key, sizeof out->salt_key) != SY_OK)
			return refuse(why, SY_EINVAL,
				      "seed and saltKey aren't 32 bytes in base64 each");
		return SY_OK;
	}
	int err = get_sealed(f, v, &sealed, why);
	if (err)
		return err;
	if (passphrase == NULL)
		return refuse(why, SY_EKEY, "the key file is sealed and needs its passphrase");
	return unseal(&sealed, out, vkey, passphrase, why);
}

static int open_keys(const struct file *f, const char *passphrase, struct sy_keyfile *k,
		     const char **why)
{
	struct secrets secret;
	if (f->open_to_others)
		return refuse(why, SY_EDENIED,
			      "others may read the key file; chmod 600 it, and think of a new key");
	k->vkey = f->vkey;
	sy_vkey_format(&k->vkey, k->vkey_text);
	int err = get_secrets(f, k->vkey_text, passphrase, &secret, why);
	if (err == SY_OK) {
		sy_signer_from_seed(&k->signer, secret.seed);
		memcpy(k->salt_key, secret.salt_key, sizeof k->salt_key);
		if (memcmp(k->signer.key, k->vkey.key, SY_KEY_SIZE) != 0)
			err = refuse(why, SY_EINVAL, "the seed isn't that of the vkey");
	}
	sy_wipe(&secret, sizeof secret);
	return err;
}

int sy_keyfile_read(struct sy_keyfile *k, const char *path, const char *passphrase,
		    const char **why)
{
	struct file f;
	memset(k, 0, sizeof *k);
	int err = file_open(path, &f, why);
	if (err == SY_OK)
		err = open_keys(&f, passphrase, k, why);
	if (err)
		sy_wipe(k, sizeof *k);
	file_close(&f);
	return err;
}

int sy_keyfile_vkey(const char *path, struct sy_vkey *out, const char **why)
{
	struct file f;
	int err = file_open(path, &f, why);
	if (err == SY_OK)
		*out = f.vkey;
	file_close(&f);
	return err;
}
