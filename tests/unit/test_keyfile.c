#include <suyuan/error.h>
#include <suyuan/keyfile.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"
#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))
#define NAME SY_STR("https://id.gs1.org/417/6901234000009")

static char folder[64], path[96];
static struct sy_keyfile key, back;

static void setup(void)
{
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	strcpy(folder, "/tmp/suyuan-keyfile-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/key", folder);
	ck_assert_int_eq(sy_keyfile_new(&key, NAME), SY_OK);
}

static void teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left in it */
}

static void put(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static char *get(void)
{
	static char text[8192];
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static bool same(const struct sy_keyfile *a, const struct sy_keyfile *b)
{
	return memcmp(a->signer.secret, b->signer.secret, sizeof a->signer.secret) == 0 &&
	       memcmp(a->signer.key, b->signer.key, SY_KEY_SIZE) == 0 &&
	       memcmp(a->salt_key, b->salt_key, 32) == 0 &&
	       strcmp(a->vkey_text, b->vkey_text) == 0 && a->vkey.id == b->vkey.id;
}

static bool all_zero(const void *p, size_t n)
{
	const char *c = p;
	while (n > 0 && *c == 0)
		c++, n--;
	return n == 0;
}

START_TEST(fresh)
{
	struct sy_keyfile other;
	ck_assert_int_eq(sy_keyfile_new(&other, NAME), SY_OK);
	ck_assert(memcmp(key.salt_key, other.salt_key, 32) != 0);
	ck_assert(memcmp(key.signer.key, other.signer.key, 32) != 0);
	ck_assert(memcmp(key.salt_key, key.signer.secret, 32) != 0);
	ck_assert_mem_eq(key.signer.key, key.vkey.key, SY_KEY_SIZE);
	ck_assert_int_eq(sy_key_check(key.vkey.key), SY_OK);
	ck_assert_int_eq(sy_keyfile_new(&other, SY_STR("a b")), SY_EINVAL);
	ck_assert(all_zero(&other, sizeof other));
}
END_TEST

static const char *const passphrases[] = {NULL, "", "correct horse", "溯源"};

START_TEST(round_trip)
{
	const char *why = NULL;
	struct sy_vkey vkey;
	struct stat st;
	umask(0);
	ck_assert_int_eq(sy_keyfile_write(&key, path, passphrases[_i]), SY_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(sy_keyfile_read(&back, path, passphrases[_i], &why), SY_OK);
	ck_assert(same(&key, &back));
	ck_assert_int_eq(sy_keyfile_vkey(path, &vkey, &why), SY_OK);
	ck_assert_str_eq(vkey.name, "https://id.gs1.org/417/6901234000009");
	/* A second one isn't written over it. */
	ck_assert_int_eq(sy_keyfile_write(&key, path, passphrases[_i]), SY_EDUP);
	ck_assert_int_eq(sy_keyfile_read(&back, path, passphrases[_i], NULL), SY_OK);
}
END_TEST

START_TEST(passphrase)
{
	const char *why = NULL;
	char seed[SY_BASE64_LEN(32) + 1];
	ck_assert_int_eq(sy_keyfile_write(&key, path, "right"), SY_OK);
	ck_assert_int_eq(sy_keyfile_read(&back, path, "wrong", &why), SY_EKEY);
	ck_assert_ptr_nonnull(strstr(why, "wrong passphrase"));
	ck_assert(all_zero(&back, sizeof back));
	ck_assert_int_eq(sy_keyfile_read(&back, path, NULL, &why), SY_EKEY);
	ck_assert_ptr_nonnull(strstr(why, "needs its passphrase"));
	sy_base64(key.signer.secret, 32, seed);
	ck_assert_ptr_null(strstr(get(), seed));
	sy_base64(key.salt_key, 32, seed);
	ck_assert_ptr_null(strstr(get(), seed));
}
END_TEST

/* The secrets of one file under the vkey of another. */
START_TEST(moved)
{
	struct sy_keyfile other;
	char text[8192], *at, *tail;
	ck_assert_int_eq(sy_keyfile_new(&other, NAME), SY_OK);
	for (int sealed = 0; sealed < 2; sealed++) {
		unlink(path);
		ck_assert_int_eq(sy_keyfile_write(&key, path, sealed ? "p" : NULL), SY_OK);
		strcpy(text, get());
		at = strstr(text, key.vkey_text);
		tail = strdup(at + strlen(key.vkey_text));
		sprintf(at, "%s%s", other.vkey_text, tail);
		free(tail);
		put(text);
		ck_assert_int_eq(sy_keyfile_read(&back, path, "p", NULL),
				 sealed ? SY_EKEY : SY_EINVAL);
		ck_assert(all_zero(&back, sizeof back));
	}
}
END_TEST

START_TEST(modes)
{
	static const mode_t rows[] = {0640, 0604, 0620, 0601, 0644, 0666};
	const char *why = NULL;
	struct sy_vkey vkey;
	ck_assert_int_eq(sy_keyfile_write(&key, path, NULL), SY_OK);
	for (int i = 0; i < COUNT(rows); i++) {
		chmod(path, rows[i]);
		ck_assert_msg(sy_keyfile_read(&back, path, NULL, &why) == SY_EDENIED, "%o",
			      rows[i]);
		ck_assert_ptr_nonnull(strstr(why, "chmod 600"));
		ck_assert_int_eq(sy_keyfile_vkey(path, &vkey, &why), SY_OK);
	}
	chmod(path, 0400);
	ck_assert_int_eq(sy_keyfile_read(&back, path, NULL, &why), SY_OK);
}
END_TEST

#define B32 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define VKEY "\"vkey\":\"example.com/trace+adfcf93c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\""
#define HEAD "{\"type\":\"suyuan/key/v1\"," VKEY ","
#define SEED "\"seed\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""
#define SEALED(kdf, cipher, ops, mem)                                                             \
	HEAD "\"sealed\":{\"kdf\":\"" kdf "\",\"cipher\":\"" cipher "\",\"opslimit\":" ops        \
	     ",\"memlimit\":" mem ",\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\","                       \
	     "\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"text\":\"AAAAAAAAAAAAAAAAAAAAAAAA" \
	     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"   \
	     "AAA=\"}}"

static const struct {
	const char *name, *text;
	int err;
	const char *why;
} texts[] = {
    {"FORMAT.md's key", HEAD SEED ",\"saltKey\":" B32 "}", SY_OK, NULL},
    {"unknown member", HEAD SEED ",\"saltKey\":" B32 ",\"note\":\"mine\"}\n", SY_OK, NULL},
    {"empty", "", SY_EJSON, "not JSON"},
    {"text", "-----BEGIN PRIVATE KEY-----", SY_EJSON, "not JSON"},
    {"array", "[]", SY_EINVAL, "type"},
    {"other type", "{\"type\":\"suyuan/key/v2\"}", SY_EINVAL, "type"},
    {"name twice", HEAD SEED "," SEED ",\"saltKey\":" B32 "}", SY_EDUPNAME, "not JSON"},
    {"no vkey", "{\"type\":\"suyuan/key/v1\"," SEED ",\"saltKey\":" B32 "}", SY_EINVAL, "vkey"},
    {"bad vkey", "{\"type\":\"suyuan/key/v1\",\"vkey\":\"x+00000000+\"," SEED "}", SY_EINVAL,
     "vkey"},
    {"no seed", HEAD "\"saltKey\":" B32 "}", SY_EINVAL, "seed"},
    {"no saltKey", HEAD SEED "}", SY_EINVAL, "saltKey"},
    {"seed of another", HEAD "\"seed\":" B32 ",\"saltKey\":" B32 "}", SY_EINVAL, "isn't that of"},
    {"seed escaped",
     HEAD "\"seed\":\"\\u0041AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\","
	  "\"saltKey\":" B32 "}",
     SY_EINVAL, "seed"},
    {"seed short", HEAD "\"seed\":\"AAEC\",\"saltKey\":" B32 "}", SY_EINVAL, "seed"},
    {"seed a number", HEAD "\"seed\":1,\"saltKey\":" B32 "}", SY_EINVAL, "seed"},
    {"sealed, no object", HEAD "\"sealed\":true}", SY_EVERSION, "sealed"},
    {"sealed, empty", HEAD "\"sealed\":{}}", SY_EVERSION, "sealed"},
    {"sealed, kdf", SEALED("scrypt", "xchacha20poly1305-ietf", "3", "8192"), SY_EVERSION,
     "doesn't know"},
    {"sealed, cipher", SEALED("argon2id13", "aes", "3", "8192"), SY_EVERSION, "doesn't know"},
    {"sealed, no work", SEALED("argon2id13", "xchacha20poly1305-ietf", "0", "8192"), SY_ERANGE,
     "work"},
    {"sealed, much work", SEALED("argon2id13", "xchacha20poly1305-ietf", "17", "8192"), SY_ERANGE,
     "work"},
    {"sealed, no memory", SEALED("argon2id13", "xchacha20poly1305-ietf", "1", "1"), SY_ERANGE,
     "work"},
    {"sealed, much memory", SEALED("argon2id13", "xchacha20poly1305-ietf", "1", "1073741825"),
     SY_ERANGE, "work"},
    {"sealed, no number", SEALED("argon2id13", "xchacha20poly1305-ietf", "\"1\"", "8192"),
     SY_EINVAL, "malformed"},
    {"sealed, other text", SEALED("argon2id13", "xchacha20poly1305-ietf", "1", "8192"), SY_EKEY,
     "wrong passphrase"},
};

START_TEST(file_text)
{
	const char *why = NULL;
	put(texts[_i].text);
	int err = sy_keyfile_read(&back, path, "p", &why);
	ck_assert_msg(err == texts[_i].err, "%s: %s, %s", texts[_i].name, sy_strerror(err), why);
	if (err) {
		ck_assert_msg(strstr(why, texts[_i].why) != NULL, "%s: %s", texts[_i].name, why);
		ck_assert(all_zero(&back, sizeof back));
	}
}
END_TEST

/* In the clear only the salt key can be another: nothing else speaks of it. */
START_TEST(every_byte)
{
	char text[8192];
	ck_assert_int_eq(sy_keyfile_write(&key, path, NULL), SY_OK);
	strcpy(text, get());
	for (size_t i = 0; i + 1 < strlen(text); i++) {
		text[i] ^= 4;
		put(text);
		int err = sy_keyfile_read(&back, path, NULL, NULL);
		char *salt = strstr(text, "\"saltKey\":\"");
		bool of_salt = salt && text + i >= salt + 11 && text + i < salt + 11 + 43;
		ck_assert_msg(err != SY_OK || of_salt, "byte %zu", i);
		text[i] ^= 4;
	}
}
END_TEST

START_TEST(places)
{
	const char *why = NULL;
	char away[128];
	ck_assert_int_eq(sy_keyfile_read(&back, path, NULL, &why), SY_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(why, "no such file"));
	ck_assert_int_eq(sy_keyfile_read(&back, folder, NULL, &why), SY_EINVAL);
	snprintf(away, sizeof away, "%s/none/key", folder);
	ck_assert_int_eq(sy_keyfile_write(&key, away, NULL), SY_ENOTFOUND);
	/* A pipe that nobody writes to isn't waited for. */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(sy_keyfile_read(&back, path, NULL, &why), SY_EINVAL);
	unlink(path);
	/* A link that leads nowhere isn't followed. */
	ck_assert_int_eq(symlink("elsewhere", path), 0);
	ck_assert_int_eq(sy_keyfile_write(&key, path, NULL), SY_EDUP);
	unlink(path);
	put("");
	ck_assert_int_eq(truncate(path, 8192), 0);
	ck_assert_int_eq(sy_keyfile_read(&back, path, NULL, &why), SY_EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "too long"));
}
END_TEST

/* Without a slash the folder is the current one. */
START_TEST(here)
{
	int was = open(".", O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(sy_keyfile_write(&key, "key", NULL), SY_OK);
	ck_assert_int_eq(sy_keyfile_read(&back, "key", NULL, NULL), SY_OK);
	ck_assert_int_eq(fchdir(was), 0);
	close(was);
}
END_TEST

START_TEST(disk_full)
{
	struct rlimit old, small;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){100, old.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	int err = sy_keyfile_write(&key, path, NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(err, SY_EIO);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(memory)
{
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		fail_alloc_at(n);
		int err = sy_keyfile_write(&key, path, NULL);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		ck_assert_int_eq(access(path, F_OK) == 0, !failed);
	}
	failed = true;
	for (unsigned n = 1; failed; n++) {
		const char *why = NULL;
		fail_alloc_at(n);
		int err = sy_keyfile_read(&back, path, NULL, &why);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		ck_assert(!failed || why != NULL);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("keyfile");
	TCase *t = tcase_create("write");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, fresh);
	tcase_add_loop_test(t, round_trip, 0, COUNT(passphrases));
	tcase_add_test(t, places);
	tcase_add_test(t, here);
	tcase_add_test(t, disk_full);
	suite_add_tcase(s, t);
	t = tcase_create("read");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, passphrase);
	tcase_add_test(t, moved);
	tcase_add_test(t, modes);
	tcase_add_loop_test(t, file_text, 0, COUNT(texts));
	tcase_add_test(t, every_byte);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
