/* Check digits, and the checks of components that GS1's syntax dictionary names. */
#include "code_impl.h"

#include <stdio.h>

char sy_gs1_check_digit(struct sy_str digits)
{
	unsigned sum = 0;
	for (size_t i = 0; i < digits.n; i++)
		sum += (unsigned)(digits.p[digits.n - 1 - i] - '0') * (i % 2 == 0 ? 3 : 1);
	return (char)('0' + (10 - sum % 10) % 10);
}

bool sy_text_digits(struct sy_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n > 0;
}

static int digits_check(struct sy_str text)
{
	struct sy_str body = {text.p, text.n - 1};
	return sy_gs1_check_digit(body) == text.p[text.n - 1] ? SY_OK : SY_ECHECK;
}

bool sy_text_zeros(struct sy_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '0')
			return false;
	return true;
}

int sy_gtin_parse(struct sy_str text, char out[15])
{
	bool length = text.n == 8 || (text.n >= 12 && text.n <= 14);
	if (!length || !sy_text_digits(text) || sy_text_zeros(text))
		return SY_EINVAL;
	memset(out, '0', 14);
	memcpy(out + 14 - text.n, text.p, text.n);
	out[14] = '\0';
	return digits_check(text);
}

int sy_gln_parse(struct sy_str text)
{
	if (text.n != 13 || !sy_text_digits(text) || sy_text_zeros(text))
		return SY_EINVAL;
	return digits_check(text);
}

/* GB 32100: 31 characters, weights 3^(i-1) mod 31. */
int sy_uscc_check(struct sy_str text)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	unsigned sum = 0, weight = 1;
	if (text.n != 18)
		return SY_EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		const char *at = memchr(alphabet, text.p[i], sizeof(alphabet) - 1);
		if (at == NULL)
			return SY_EINVAL;
		unsigned value = (unsigned)(at - alphabet);
		if (i == 17)
			return value == (31 - sum % 31) % 31 ? SY_OK : SY_ECHECK;
		sum += value * weight;
		weight = weight * 3 % 31;
	}
	return SY_EINVAL;
}

/* --- sums ------------------------------------------------------------------------------------- */

/* The N characters that end PART should be SHOULD. */
static bool ends_with(struct sy_str part, size_t n, const char *should, struct misfit *why)
{
	size_t at = part.n < n ? 0 : part.n - n;
	if (part.n >= n && memcmp(part.p + at, should, n) == 0)
		return true;
	why->at = at;
	why->n = part.n - at;
	snprintf(why->more, sizeof why->more, "%.*s", (int)n, should);
	return false;
}

static bool csum(struct sy_str s, struct misfit *why)
{
	char should = sy_gs1_check_digit((struct sy_str){s.p, s.n - 1});
	return should == s.p[s.n - 1] || ends_with(s, 1, &should, why);
}

/*
 * GS1 General Specifications 7.9.5: values of CSET 82, weighted from the right by the primes,
 * modulo 1021, as two characters of CSET 32.
 */
static bool csumalpha(struct sy_str s, struct misfit *why)
{
	static const uint8_t primes[] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37,
					 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83};
	static const char set82[] = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				    "abcdefghijklmnopqrstuvwxyz";
	static const char set32[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
	unsigned sum = 0;
	for (size_t i = 0; i + 2 < s.n && i < sizeof primes; i++) {
		const char *at = strchr(set82, s.p[s.n - 3 - i]);
		sum += at ? (unsigned)(at - set82) * primes[i] : 0;
	}
	sum %= 1021;
	return ends_with(s, 2, (char[]){set32[sum >> 5], set32[sum & 31]}, why);
}

/* ISO 13616: country, two check digits, account; letters are 10 to 35, all of it modulo 97 is 1
 * when the first four characters stand last. */
static bool iban(struct sy_str s, struct misfit *why)
{
	unsigned rest = 0;
	char should[3];
	if (s.n < 11 || !sy_list_has(LIST_COUNTRY_LETTERS, (struct sy_str){s.p, 2})) {
		snprintf(why->more, sizeof why->more, "country and more");
		return false;
	}
	for (size_t i = 4; i < s.n + 4; i++) {
		size_t at = i < s.n ? i : i - s.n;
		char c = at == 2 || at == 3 ? '0' : s.p[at];
		bool letter = c >= 'A' && c <= 'Z';
		if (!letter && (c < '0' || c > '9')) {
			*why = (struct misfit){at, 1, "capitals and digits"};
			return false;
		}
		rest =
		    (rest * (letter ? 100 : 10) + (unsigned)(letter ? c - 'A' + 10 : c - '0')) % 97;
	}
	snprintf(should, sizeof should, "%02u", (98 - rest) % 100);
	if (memcmp(s.p + 2, should, 2) == 0)
		return true;
	*why = (struct misfit){2, 2, ""};
	snprintf(why->more, sizeof why->more, "check digits %s", should);
	return false;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static unsigned number_of(struct sy_str digits)
{
	unsigned n = 0;
	for (size_t i = 0; i < digits.n; i++)
		n = n * 10 + (unsigned)(digits.p[i] - '0');
	return n;
}

static bool yymmd0(struct sy_str s, struct misfit *why)
{
	char date[11];
	(void)why;
	return sy_ai_date(s, true, date);
}

static bool yymmdd(struct sy_str s, struct misfit *why)
{
	char date[11];
	(void)why;
	return sy_ai_date(s, false, date);
}

static bool yyyymmdd(struct sy_str s, struct misfit *why)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year = number_of((struct sy_str){s.p, 4});
	unsigned month = number_of((struct sy_str){s.p + 4, 2});
	unsigned day = number_of((struct sy_str){s.p + 6, 2});
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	(void)why;
	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leap);
}

static bool hh(struct sy_str s, struct misfit *why)
{
	(void)why;
	return number_of(s) < 24;
}

static bool mi(struct sy_str s, struct misfit *why)
{
	(void)why;
	return number_of(s) < 60;
}

static bool hhmi(struct sy_str s, struct misfit *why)
{
	return hh((struct sy_str){s.p, 2}, why) && mi((struct sy_str){s.p + 2, 2}, why);
}

static bool zero(struct sy_str s, struct misfit *why)
{
	(void)why;
	return sy_text_zeros(s);
}

static bool nonzero(struct sy_str s, struct misfit *why)
{
	(void)why;
	return !sy_text_zeros(s);
}

static bool nozeroprefix(struct sy_str s, struct misfit *why)
{
	why->n = 1;
	return s.n == 1 || s.p[0] != '0';
}

static bool latitude(struct sy_str s, struct misfit *why)
{
	(void)why;
	return memcmp(s.p, "1800000000", 10) <= 0;
}

static bool longitude(struct sy_str s, struct misfit *why)
{
	(void)why;
	return memcmp(s.p, "3600000000", 10) <= 0;
}

static bool pieceoftotal(struct sy_str s, struct misfit *why)
{
	unsigned piece = number_of((struct sy_str){s.p, 2});
	unsigned total = number_of((struct sy_str){s.p + 2, 2});
	(void)why;
	return piece >= 1 && piece <= total;
}

static bool posinseqslash(struct sy_str s, struct misfit *why)
{
	const char *slash = memchr(s.p, '/', s.n);
	struct sy_str at = {s.p, slash ? (size_t)(slash - s.p) : 0}, end = sy_text_from(s, at.n);
	(void)why;
	if (slash == NULL)
		return false;
	end = sy_text_from(end, 1);
	return sy_text_digits(at) && sy_text_digits(end) && at.p[0] != '0' && end.p[0] != '0' &&
	       (at.n < end.n || (at.n == end.n && memcmp(at.p, end.p, at.n) <= 0));
}

/* --- characters and lists --------------------------------------------------------------------- */

static bool one_of(struct sy_str s, const char *set)
{
	return s.n == 1 && s.p[0] != '\0' && strchr(set, s.p[0]) != NULL;
}

#define ONE_OF(name, set)                                     \
	static bool name(struct sy_str s, struct misfit *why) \
	{                                                     \
		(void)why;                                    \
		return one_of(s, set);                        \
	}
ONE_OF(yesno, "01")
ONE_OF(winding, "019")
ONE_OF(iso5218, "0129")
ONE_OF(hyphen, "-")
ONE_OF(importeridx, "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

#define IN_LIST(name, list)                                   \
	static bool name(struct sy_str s, struct misfit *why) \
	{                                                     \
		(void)why;                                    \
		return sy_list_has(list, s);                  \
	}
IN_LIST(iso3166, LIST_COUNTRIES)
IN_LIST(iso3166alpha2, LIST_COUNTRY_LETTERS)
IN_LIST(iso4217, LIST_CURRENCIES)
IN_LIST(mediatype, LIST_MEDIA)
IN_LIST(packagetype, LIST_PACKAGES)

/* 999: several countries. */
static bool iso3166999(struct sy_str s, struct misfit *why)
{
	return sy_str_is(s, "999") || iso3166(s, why);
}

/* The shortest company prefix has four digits; more can't be known without GS1's register. */
static bool prefix_from(struct sy_str s, size_t from, struct misfit *why)
{
	for (size_t i = from; i < from + 4; i++) {
		if (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
			continue;
		why->at = i < s.n ? i : s.n - 1;
		why->n = 1;
		return false;
	}
	return true;
}

static bool gcppos1(struct sy_str s, struct misfit *why)
{
	return prefix_from(s, 0, why);
}

static bool gcppos2(struct sy_str s, struct misfit *why)
{
	return prefix_from(s, 1, why);
}

static bool hasnondigit(struct sy_str s, struct misfit *why)
{
	(void)why;
	return !sy_text_digits(s);
}

static bool hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool pcenc(struct sy_str s, struct misfit *why)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%')
			continue;
		if (i + 2 >= s.n || !hex(s.p[i + 1]) || !hex(s.p[i + 2])) {
			why->at = i;
			why->n = s.n - i < 3 ? s.n - i : 3;
			return false;
		}
		i += 2;
	}
	return true;
}

/* --- the table -------------------------------------------------------------------------------- */

#define couponcode sy_check_coupon
#define couponposoffer sy_check_coupon_offer
#define ss mi

static const struct {
	const char *name;
	bool (*holds)(struct sy_str part, struct misfit *why);
} checks[CHECKS] = {
#define X(name, text) [CHECK_##name] = {#text, text},
    AI_CHECKS(X)
#undef X
};

static const struct words expected[CHECKS] = {
    [CHECK_GCPPOS1] = {"a company prefix, of at least 4 digits, at its begin",
		       "开头为至少4位数字的厂商识别代码"},
    [CHECK_GCPPOS2] = {"a company prefix, of at least 4 digits, from character 2 on",
		       "自第2位起为至少4位数字的厂商识别代码"},
    [CHECK_YYMMD0] = {"a date as YYMMDD, day 00 for the whole month",
		      "YYMMDD 格式的日期（DD 为 00 表示整月）"},
    [CHECK_YYMMDD] = {"a date as YYMMDD", "YYMMDD 格式的日期"},
    [CHECK_YYYYMMDD] = {"a date as YYYYMMDD", "YYYYMMDD 格式的日期"},
    [CHECK_HHMI] = {"a time as HHMM", "HHMM 格式的时间"},
    [CHECK_HH] = {"an hour, 00 to 23", "小时 00 至 23"},
    [CHECK_MI] = {"minutes, 00 to 59", "分钟 00 至 59"},
    [CHECK_SS] = {"seconds, 00 to 59", "秒 00 至 59"},
    [CHECK_ZERO] = {"0", "0"},
    [CHECK_NONZERO] = {"more than 0", "大于 0"},
    [CHECK_NOZEROPREFIX] = {"no zero in front", "开头不为零"},
    [CHECK_HASNONDIGIT] = {"at least one character that is no digit", "至少一个非数字字符"},
    [CHECK_HYPHEN] = {"- for below zero", "- （表示零下）"},
    [CHECK_YESNO] = {"0 for no or 1 for yes", "0（否）或 1（是）"},
    [CHECK_WINDING] = {"a winding direction, 0, 1 or 9", "卷绕方向 0、1 或 9"},
    [CHECK_ISO5218] = {"a sex as in ISO 5218, 0, 1, 2 or 9", "ISO 5218 性别代码 0、1、2 或 9"},
    [CHECK_ISO3166] = {"a country as in ISO 3166, three digits", "ISO 3166 国家和地区数字代码"},
    [CHECK_ISO3166999] = {"a country as in ISO 3166, three digits, or 999",
			  "ISO 3166 国家和地区数字代码或 999"},
    [CHECK_ISO3166ALPHA2] = {"a country as in ISO 3166, two capitals",
			     "ISO 3166 国家和地区两字母代码"},
    [CHECK_ISO4217] = {"a currency as in ISO 4217, three digits", "ISO 4217 货币数字代码"},
    [CHECK_IBAN] = {"an IBAN with ", "国际银行账号（IBAN）："},
    [CHECK_LATITUDE] = {"a latitude, at most 1800000000", "纬度，至多 1800000000"},
    [CHECK_LONGITUDE] = {"a longitude, at most 3600000000", "经度，至多 3600000000"},
    [CHECK_MEDIATYPE] = {"an AIDC media type, 01 to 10 or 80 to 99",
			 "自动识别媒介类型 01 至 10 或 80 至 99"},
    [CHECK_PACKAGETYPE] = {"a package type as in UN/ECE Rec 21", "UN/ECE 第21号建议书的包装类型"},
    [CHECK_IMPORTERIDX] = {"an importer index: a letter, a digit, - or _",
			   "进口商索引：字母、数字、- 或 _"},
    [CHECK_PIECEOFTOTAL] = {"a piece of 01 up to the total", "件序号 01 至总件数"},
    [CHECK_POSINSEQSLASH] = {"a position in a sequence such as 1/3", "序列中的位置，如 1/3"},
    [CHECK_PCENC] = {"two hex digits after %", "% 后两位十六进制数字"},
    [CHECK_COUPONCODE] = {"a coupon's ", "优惠券字段："},
    [CHECK_COUPONPOSOFFER] = {"a coupon's ", "优惠券字段："},
};

bool sy_check_holds(enum ai_check check, struct sy_str part, struct misfit *why)
{
	*why = (struct misfit){0, part.n, ""};
	return checks[check].holds(part, why);
}

struct words sy_check_words(enum ai_check check)
{
	return expected[check];
}

const char *sy_check_name(enum ai_check check)
{
	return checks[check].name;
}

bool sy_check_is_rule(enum ai_check check)
{
	return check != CHECK_CSUM && check != CHECK_ZERO && check != CHECK_YYMMDD &&
	       check != CHECK_YYMMD0;
}

bool sy_check_is_sum(enum ai_check check)
{
	return check == CHECK_CSUM || check == CHECK_CSUMALPHA;
}
