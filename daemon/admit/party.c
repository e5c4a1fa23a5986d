/* Party records: who is enrolled, with which keys, roles and grants. */
#include "admit/check.h"

struct enrolment {
	const struct sy_json_doc *doc;
	const struct sy_json *root;
	struct sy_str id, region, old_region;
	unsigned roles;
	const struct party *old; /* in force; old->found is false for a first one */
};

static bool id_check(struct check *c, struct sy_str id)
{
	struct sy_code code;
	char name[SY_KEY_NAME_MAX + 1];
	if (sy_code_parse(c->arena, id, &code, c->faults, c->record, "/id") != SY_OK)
		return false;
	if (code.scheme == SY_SCHEME_GS1 && code.kind != SY_CODE_PARTY)
		fault(c, 422, "/id", "%.*s names a %s: expected a GLN under /417/ or another URI",
		      "%.*s 表示的是 %s：应为 /417/ 下的 GLN 或其他 URI", TEXT(id),
		      sy_code_kind_name(code.kind));
	else if (!sy_str_eq(code.canonical, id))
		fault(c, 422, "/id", "%.*s isn't canonical: expected %.*s",
		      "%.*s 不是规范形式：应为 %.*s", TEXT(id), TEXT(code.canonical));
	else if (sy_party_key_name(id, name) != SY_OK)
		fault(c, 422, "/id",
		      "too long for a key's name: expected at most %d bytes, escaped",
		      "作为密钥名称过长：转义后应不超过 %d 字节", SY_KEY_NAME_MAX);
	else
		return true;
	return false;
}

static unsigned roles_read(struct check *c, const struct enrolment *e)
{
	const struct sy_json *role;
	unsigned roles = 0, i = 0;
	sy_json_each (e->doc, sy_json_get(e->doc, e->root, "roles"), role) {
		struct sy_str name = NO_MORE;
		char pointer[32];
		snprintf(pointer, sizeof(pointer), "/roles/%u", i++);
		sy_json_string(e->doc, role, c->arena, &name);
		unsigned bit = party_role(name);
		if (!bit)
			fault(
			    c, 422, pointer,
			    "\"%.*s\" is no role: expected operator, regulator, producer, carrier, "
			    "seller, site or laboratory",
			    "\"%.*s\" 不是角色：应为 operator、regulator、producer、carrier、"
			    "seller、site 或 laboratory",
			    TEXT(name));
		roles |= bit;
	}
	return roles;
}

/* --- authority ------------------------------------------------------------------------------- */

/* Members that a party may change of itself. */
static bool is_own_member(const struct sy_json_doc *doc, const struct sy_json *m)
{
	static const char *const own[] = {"type", "keys", "name", "replaces"};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (sy_json_key_is(doc, m, own[i]))
			return true;
	return false;
}

/* Members of A that B doesn't have, or has otherwise. */
static bool changes_denied(struct check *c, const struct sy_json_doc *da, const struct sy_json *a,
			   const struct sy_json_doc *db, const struct sy_json *b, bool missing)
{
	const struct sy_json *m;
	bool good = true;
	sy_json_each (da, a, m) {
		struct sy_str key;
		if (is_own_member(da, m) || sy_json_key(da, m, c->arena, &key) != SY_OK)
			continue;
		const char *name = sy_arena_strdup(c->arena, key);
		const struct sy_json *other = name ? sy_json_get(db, b, name) : NULL;
		if (other ? missing || json_same(c->arena, da, m, db, other) : false)
			continue;
		char pointer[128];
		snprintf(pointer, sizeof(pointer), "/%.*s", TEXT(key));
		fault(c, 403, pointer,
		      "a party changes its own keys and names only: expected \"%.*s\" as in record "
		      "%llu, or an operator or a regulator of the region as the author",
		      "主体只能更改自己的密钥和名称：\"%.*s\" 应与记录 %llu 相同，"
		      "或由运营者或本地区监管部门提交",
		      TEXT(key), (unsigned long long)c->author->record);
		good = false;
	}
	return good;
}

static bool self_check(struct check *c, const struct enrolment *e)
{
	const struct party *old = e->old;
	if (!old->root) {
		fault(c, 403, "/id",
		      "the record in force can't be read: expected an operator's change",
		      "现行记录无法读取：应由运营者更改");
		return false;
	}
	bool good = changes_denied(c, e->doc, e->root, old->doc, old->root, false);
	return changes_denied(c, old->doc, old->root, e->doc, e->root, true) && good;
}

static bool regulator_check(struct check *c, const struct enrolment *e)
{
	const unsigned high = ROLE_OPERATOR | ROLE_REGULATOR;
	bool good = true;
	if (!is_regulator_of(c, e->region) ||
	    (e->old->found && !is_regulator_of(c, e->old_region))) {
		fault(c, 403, "/region",
		      "a regulator enrols parties of its own region: expected a region within "
		      "\"%.*s\"",
		      "监管部门只登记本地区的主体：应为 \"%.*s\" 之内的地区", TEXT(c->region));
		good = false;
	}
	if ((e->roles | e->old->roles) & high) {
		fault(c, 403, "/roles",
		      "only an operator enrols or changes operators and regulators",
		      "只有运营者可以登记或更改运营者和监管部门");
		good = false;
	}
	return good;
}

static bool enrolment_check(struct check *c, const struct enrolment *e)
{
	if (!c->author || is_operator(c))
		return true;
	if (e->old->found && sy_str_eq(e->id, c->author->id))
		return self_check(c, e);
	if (c->author->roles & ROLE_REGULATOR)
		return regulator_check(c, e);
	fault(c, 403, "/id",
	      "%.*s may not enrol or change %.*s: expected an operator, a regulator of the region, "
	      "or the enrolled party itself",
	      "%.*s 无权登记或更改 %.*s：应由运营者、本地区监管部门或该主体本身提交",
	      TEXT(c->author->id), TEXT(e->id));
	return false;
}

/* --- content --------------------------------------------------------------------------------- */

static void uscc_check(struct check *c, const struct enrolment *e)
{
	struct sy_str uscc = text_of(c, e->doc, e->root, "uscc");
	if (uscc.n == 0 || sy_uscc_check(uscc) == SY_OK)
		return;
	const struct sy_json *override = sy_json_get(e->doc, e->root, "override");
	/* A party that changes its keys keeps the override that it was given; it can't alter it. */
	bool overridden = override && c->author &&
			  ((c->author->roles & (ROLE_OPERATOR | ROLE_REGULATOR)) ||
			   (e->old->found && sy_str_eq(e->id, c->author->id)));
	if (overridden)
		fault(
		    c, 0, "/uscc",
		    "%.*s has a wrong form or check character, and is taken by the override: %.*s",
		    "%.*s 的格式或校验码有误，已按所述理由接受：%.*s", TEXT(uscc),
		    TEXT(text_of(c, e->doc, override, "reason")));
	else
		fault(c, 422, "/uscc",
		      "%.*s has a wrong form or check character: expected 18 characters of GB "
		      "32100, or an \"override\" with a reason by an operator or regulator",
		      "%.*s 的格式或校验码有误：应为 GB 32100 的 18 位代码，"
		      "或由运营者或监管部门附 \"override\" 及理由",
		      TEXT(uscc));
}

static void key_owner_check(struct check *c, const struct enrolment *e, const struct sy_vkey *v,
			    const char *pointer)
{
	struct sy_str id = {(const char *)v->key, SY_KEY_SIZE};
	struct fact *f = fact_of(c, FACT_KEY, id, NO_MORE);
	struct register_key key;
	if (f->written != NOT_WRITTEN) {
		fault(c, 409, pointer,
		      "the record at position %d of this submission enrols this key already: "
		      "expected a key that belongs to nobody else",
		      "本次提交中第 %d 条（从 0 起）已登记此密钥：应为不属于他人的密钥",
		      f->written);
		return;
	}
	if (memcmp(v->key, ledger_vkey(c->a->ledger)->key, SY_KEY_SIZE) == 0)
		fault(c, 422, pointer, "this is the log's own key: expected a key of the party",
		      "这是账本自己的密钥：应为该主体的密钥");
	int err = register_key(&c->r, v->key, &key);
	if (err && err != SY_ENOTFOUND)
		c->err = c->err ? c->err : err;
	else if (!err && !sy_str_eq(key.party, e->id))
		fault(c, 409, pointer,
		      "this key belongs to %.*s, since record %llu: expected a key that belongs to "
		      "nobody else",
		      "此密钥属于 %.*s，见记录 %llu：应为不属于他人的密钥", TEXT(key.party),
		      (unsigned long long)key.record);
	else if (!err && key.revoked != UINT64_MAX)
		fault(c, 422, pointer, "this key was revoked: expected a new one",
		      "此密钥已撤销：应为新的密钥");
	fact_write(c, f);
}

static void key_check(struct check *c, const struct enrolment *e, const struct sy_json *key,
		      unsigned i)
{
	char pointer[48], name[SY_KEY_NAME_MAX + 1] = "";
	struct sy_str text = text_of(c, e->doc, key, "vkey");
	struct sy_vkey v;
	uint8_t proof[SY_SIG_SIZE];
	snprintf(pointer, sizeof(pointer), "/keys/%u/vkey", i);
	if (sy_vkey_parse(text, &v) != SY_OK) {
		fault(c, 422, pointer,
		      "no verifier key: expected name+id+base64 of a prime-order Ed25519 key",
		      "不是验证密钥：应为 名称+标识+Ed25519 公钥的 base64");
		return;
	}
	sy_party_key_name(e->id, name);
	if (strcmp(v.name, name) != 0)
		fault(c, 422, pointer,
		      "the key is named %.100s: expected the party's key name, %.200s",
		      "密钥名称是 %.100s：应为该主体的密钥名称 %.200s", v.name, name);
	key_owner_check(c, e, &v, pointer);
	snprintf(pointer, sizeof(pointer), "/keys/%u/proof", i);
	if (sy_unbase64_exact(text_of(c, e->doc, key, "proof"), proof, sizeof(proof)) != SY_OK)
		fault(c, 400, pointer, "no signature: expected the base64 of 64 bytes",
		      "不是签名：应为 64 字节的 base64");
	else if (sy_key_proof_check(&v, ledger_origin(c->a->ledger), e->id, text, proof) != SY_OK)
		fault(c, 422, pointer,
		      "the proof of possession doesn't verify: expected this key's signature for "
		      "this ledger, party and vkey",
		      "密钥持有证明无效：应为此密钥对本账本、该主体和该 vkey 的签名");
}

static void keys_check(struct check *c, const struct enrolment *e)
{
	const struct sy_json *key;
	unsigned i = 0;
	sy_json_each (e->doc, sy_json_get(e->doc, e->root, "keys"), key)
		key_check(c, e, key, i++);
}

static bool holds(const struct party *p, const char *member, const struct sy_json_doc *doc,
		  const struct sy_json *v, struct sy_arena *arena)
{
	const struct sy_json *held;
	if (!p->root)
		return false;
	sy_json_each (p->doc, sy_json_get(p->doc, p->root, member), held) {
		if (json_same(arena, p->doc, held, doc, v))
			return true;
	}
	return false;
}

static bool prefix_form(struct sy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n >= 4 && s.n <= 12;
}

static void prefixes_check(struct check *c, const struct enrolment *e)
{
	const struct sy_json *v;
	unsigned i = 0;
	sy_json_each (e->doc, sy_json_get(e->doc, e->root, "prefixes"), v) {
		char pointer[32];
		struct sy_str prefix;
		snprintf(pointer, sizeof(pointer), "/prefixes/%u", i++);
		if (sy_json_string(e->doc, v, c->arena, &prefix) != SY_OK)
			continue;
		if (!prefix_form(prefix))
			fault(c, 422, pointer,
			      "\"%.*s\" is no company prefix: expected 4 to 12 digits",
			      "\"%.*s\" 不是厂商识别代码：应为 4 至 12 位数字", TEXT(prefix));
		else if (!holds(e->old, "prefixes", e->doc, v, c->arena))
			prefix_claim(c, prefix, e->id, pointer);
	}
}

static void grants_check(struct check *c, const struct enrolment *e)
{
	const struct sy_json *v;
	unsigned i = 0;
	sy_json_each (e->doc, sy_json_get(e->doc, e->root, "grants"), v) {
		char pointer[32];
		struct sy_str text;
		struct sy_code code;
		snprintf(pointer, sizeof(pointer), "/grants/%u", i++);
		if (sy_json_string(e->doc, v, c->arena, &text) != SY_OK ||
		    register_grant_code(c->arena, text, &code, c->faults, c->record, pointer) !=
			SY_OK)
			continue;
		if (holds(e->old, "grants", e->doc, v, c->arena))
			grant_keep(c, &code, e->id);
		else
			grant_claim(c, &code, e->id, pointer);
	}
}

/* What the party gives up touches those who rely on it not being given.  What it keeps is said
 * again afterwards. */
static void given_up(struct check *c, const struct party *old)
{
	const struct sy_json *v;
	struct sy_str text;
	if (!old->root)
		return;
	sy_json_each (old->doc, sy_json_get(old->doc, old->root, "prefixes"), v) {
		if (sy_json_string(old->doc, v, c->arena, &text) == SY_OK && text.n >= 4)
			fact_write(c, fact_of(c, FACT_PREFIX, (struct sy_str){text.p, 4}, NO_MORE));
	}
	sy_json_each (old->doc, sy_json_get(old->doc, old->root, "grants"), v) {
		struct sy_code code;
		if (sy_json_string(old->doc, v, c->arena, &text) != SY_OK ||
		    register_grant_code(c->arena, text, &code, NULL, SY_NO_RECORD, "") != SY_OK)
			continue;
		struct fact *f = fact_of(c, FACT_GRANT, code.canonical, NO_MORE);
		if (f->written == NOT_WRITTEN)
			fact_write(c, f);
	}
}

void party_judge(struct check *c, const struct sy_json_doc *doc)
{
	struct enrolment e = {.doc = doc, .root = sy_json_root(doc)};
	e.id = text_of(c, doc, e.root, "id");
	if (!id_check(c, e.id))
		return;
	struct fact *f = fact_of(c, FACT_PARTY, e.id, NO_MORE);
	struct party *next = allocate(c, sizeof(*next));
	if (!next || !(e.old = party_of(c, f, e.id)))
		return;
	e.region = text_of(c, doc, e.root, "region");
	e.old_region = region_of(c, e.old);
	e.roles = roles_read(c, &e);
	bool good = enrolment_check(c, &e);
	good = replaces_check(c, doc, f, e.old->found, e.old->record, "/id") && good;
	uscc_check(c, &e);
	keys_check(c, &e);
	if (!good)
		return;
	given_up(c, e.old);
	prefixes_check(c, &e);
	grants_check(c, &e);
	*next = (struct party){.id = e.id,
			       .found = true,
			       .record = UINT64_MAX,
			       .roles = e.roles,
			       .doc = doc,
			       .root = e.root};
	f->value = next;
	fact_write(c, f);
}
