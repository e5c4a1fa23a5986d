/* Who may say what: parties and their grants, products, places, batches. */
#include "admit_world.h"

START_TEST(test_party)
{
	static const struct row rows[] = {
	    {"an operator enrols", OPERATOR, NEW "'roles':['operator'],'keys':[$stranger.keys]}", 0,
	     ""},
	    {"a regulator enrols in its region", REGULATOR,
	     NEW "'roles':['producer'],'region':'130200','keys':[$stranger.keys]}", 0, ""},
	    {"a regulator elsewhere", REGULATOR,
	     NEW "'roles':['producer'],'region':'140000','keys':[$stranger.keys]}", 403,
	     "0 /region"},
	    {"a regulator without region", REGULATOR, NEW "'roles':['producer'],'keys':[]}", 403,
	     "0 /region"},
	    {"a regulator makes none of its own", REGULATOR,
	     NEW "'roles':['regulator'],'region':'130200','keys':[]}", 403, "0 /roles"},
	    {"a regulator leaves others' parties", REGULATOR,
	     PARTY(
		 "pharmacy") "'roles':[],'keys':[],'region':'130000','replaces':$pharmacy.record}",
	     403, "0 /region"},
	    {"nobody enrols itself", STRANGER, NEW "'roles':[],'keys':[$stranger.keys]}", 401,
	     "-1 /author"},
	    {"a producer enrols nobody", DAIRY, NEW "'roles':[],'keys':[]}", 403, "0 /id"},
	    {"names of one's own", DAIRY,
	     PARTY("dairy") "'roles':['producer'],'region':'130100','uscc':'91350100M000100Y43',"
			    "'prefixes':['6901234'],'keys':[$dairy.keys],'replaces':$dairy.record}",
	     0, ""},
	    {"nothing else of one's own", DAIRY,
	     PARTY("dairy") "'roles':['producer','seller'],'region':'130100','prefixes':['6901234',"
			    "'6911'],'keys':[$dairy.keys],'replaces':$dairy.record}",
	     403, "0 /roles 0 /prefixes 0 /uscc"},
	    {"stale", OPERATOR, PARTY("dairy") "'roles':[],'keys':[],'replaces':1}", 409,
	     "0 /replaces"},
	    {"it is there", OPERATOR, PARTY("dairy") "'roles':[],'keys':[]}", 409, "0 /id"},
	    {"nothing to replace", OPERATOR, NEW "'roles':[],'keys':[],'replaces':1}", 409,
	     "0 /replaces"},
	    {"twice in one", OPERATOR,
	     NEW "'roles':[],'keys':[]}\n" PARTY("stranger") "'roles':['site'],'keys':[]}", 409,
	     "1 /id"},
	    {"an unknown role", OPERATOR, NEW "'roles':['king'],'keys':[]}", 422, "0 /roles/0"},
	    {"a place is no party", OPERATOR,
	     "{'type':'Party','id':'https://id.gs1.org/414/6901234000016','name':{'en':'X'},"
	     "'roles':[],'keys':[]}",
	     422, "0 /id"},
	    {"not canonical", OPERATOR,
	     "{'type':'Party','id':'https://example.com/417/6901234000009','name':{'en':'X'},"
	     "'roles':[],'keys':[]}",
	     422, "0 /id"},
	    {"another's key", OPERATOR,
	     "{'type':'Party','id':'urn:suyuan:own:expired:party','name':{'en':'X'},'roles':[],"
	     "'keys':[$dairy.keys],'replaces':$expired.record}",
	     409, "0 /keys/0/vkey 0 /keys/0/vkey 0 /keys/0/proof"},
	    {"the same key twice", OPERATOR,
	     NEW "'roles':[],'keys':[$stranger.keys,$stranger.keys]}", 409, "0 /keys/1/vkey"},
	    {"no vkey", OPERATOR, NEW "'roles':[],'keys':[{'vkey':'x','proof':'y'}]}", 422,
	     "0 /keys/0/vkey"},
	    {"a wrong USCC", OPERATOR, NEW "'roles':[],'keys':[],'uscc':'91350100M000100Y4A'}", 422,
	     "0 /uscc"},
	    {"a wrong USCC that is meant", OPERATOR,
	     NEW
	     "'roles':[],'keys':[],'uscc':'91350100M000100Y4A','override':{'reason':'licence'}}",
	     0, "*0 /uscc"},
	    {"prefixes that are none", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['69','690x',"
		 "'6901234567892']}",
	     422, "0 /prefixes/0 0 /prefixes/1 0 /prefixes/2"},
	    {"a prefix that another holds", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['6901234','690123456','6901','6911']}", 409,
	     "0 /prefixes/0 0 /prefixes/1 0 /prefixes/2"},
	    {"a wider prefix over one's own", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['69012'],'replaces':$dairy.record}",
	     0, ""},
	    {"a prefix of three digits", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['690'],'replaces':$dairy.record}",
	     422, "0 /prefixes/0"},
	    {"the neighbour behind one's own", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['6901234'],'replaces':$dairy.record}"
			    "\n" NEW "'roles':[],'keys':[],'prefixes':['69012345']}",
	     409, "1 /prefixes/0"},
	    {"prefixes within a submission", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['6977']}\n"
		 "{'type':'Party','id':'urn:x:y','name':{'en':'X'},'roles':[],'keys':[],"
		 "'prefixes':['69771']}",
	     409, "1 /prefixes/0"},
	    {"a grant that another holds", OPERATOR,
	     NEW "'roles':[],'keys':[],'grants':['8385793','00000012345670','8385794']}", 409,
	     "0 /grants/0 0 /grants/1"},
	};
	RUN(rows);
	/* The register names the dairy's own longer prefix first; the farm's stands behind it. */
	enrol(OPERATOR, FARM,
	      PARTY("farm") "'roles':['producer'],'region':'130102','prefixes':['6901239'],"
			    "'keys':[$farm.keys],'replaces':$farm.record}");
	static const struct row after[] = {
	    {"a wider prefix over a neighbour's", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['690123'],'replaces':$dairy.record}",
	     409, "0 /prefixes/0"},
	};
	RUN(after);
}
END_TEST

START_TEST(test_product)
{
	static const struct row rows[] = {
	    {"under its prefix", DAIRY, PRODUCT "'06901234000009'}", 0, ""},
	    {"behind the indicator digit", DAIRY, PRODUCT "'16901234567899'}", 0, ""},
	    {"under another's prefix", FARM, PRODUCT "'06901234000009'}", 403, "0 /code"},
	    {"under nobody's", DAIRY, PRODUCT "'04012345678901'}", 403, "0 /code"},
	    {"the operator names the owner", OPERATOR,
	     PRODUCT "'06901234000009','owner':'$dairy.id'}", 0, ""},
	    {"the operator must name it", OPERATOR, PRODUCT "'06901234000009'}", 403, "0 /owner"},
	    {"others don't", DAIRY, PRODUCT "'06901234000009','owner':'$farm.id'}", 403,
	     "0 /owner"},
	    {"an owner who isn't enrolled", OPERATOR,
	     PRODUCT "'06901234000009','owner':'urn:nobody:x'}", 422, "0 /owner"},
	    {"a GTIN-8 that is granted", PHARMACY, PRODUCT "'12345670'}", 0, ""},
	    {"a GTIN-8 that isn't", DAIRY, PRODUCT "'12345670'}", 403, "0 /code"},
	    {"a drug code that is granted", PHARMACY,
	     PRODUCT "'urn:suyuan:cn:drug-product:8385793'}", 0, ""},
	    {"its own stem by key", FARM, PRODUCT "'urn:suyuan:own:$farm.keyid:x'}", 0, ""},
	    {"its own stem by USCC", DAIRY, PRODUCT "'urn:suyuan:own:91350100M000100Y43:x'}", 0,
	     ""},
	    {"another's stem", DAIRY, PRODUCT "'urn:suyuan:own:$farm.keyid:x'}", 403, "0 /code"},
	    {"it is there", DAIRY, PRODUCT "'06901234567892'}", 409, "0 /code"},
	    {"twice in one", DAIRY,
	     PRODUCT "'06901234000009'}\n{'type':'Product','name':{'en':'Y'},'category':'food',"
		     "'code':'6901234000009'}",
	     409, "1 /code"},
	    {"a category that is none", DAIRY,
	     "{'type':'Product','name':{'en':'X'},'category':'toys','code':'06901234000009'}", 422,
	     "0 /category"},
	    {"a lot is no product", DAIRY, PRODUCT "'(01)06901234567892(10)A1'}", 422, "0 /code"},
	    {"a wrong check digit", DAIRY, PRODUCT "'06901234567893'}", 422, "0 /code"},
	    {"prefix, product and batch in one", OPERATOR,
	     NEW "'roles':['producer'],'keys':[$stranger.keys],'prefixes':['4012345']}\n" PRODUCT
		 "'04012345678901','owner':'$stranger.id'}",
	     0, ""},
	};
	RUN(rows);
}
END_TEST

#define PLACE_ID "https://id.gs1.org/414/6901234000016"
#define PLACE "{'type':'Place','id':'" PLACE_ID "','name':{'zh':'一号车间'},'party':"

START_TEST(test_place)
{
	static const struct row rows[] = {
	    {"its own", DAIRY, PLACE "'$dairy.id','region':'130102'}", 0, ""},
	    {"another's", FARM, PLACE "'$dairy.id'}", 403, "0 /party"},
	    {"by a regulator", REGULATOR, PLACE "'$dairy.id'}", 0, ""},
	    {"of nobody", OPERATOR, PLACE "'urn:nobody:x'}", 422, "0 /party"},
	    {"a party's number", DAIRY,
	     "{'type':'Place','id':'$dairy.id','name':{'en':'X'},'party':'$dairy.id'}", 422,
	     "0 /id"},
	    {"nothing to replace", DAIRY, PLACE "'$dairy.id','replaces':3}", 409, "0 /replaces"},
	};
	RUN(rows);
	say(DAIRY, PLACE "'$dairy.id'}");
	static const struct row after[] = {
	    {"it is there", DAIRY, PLACE "'$dairy.id','x':1}", 409, "0 /id"},
	    {"taken over", FARM, PLACE "'$farm.id','replaces':3}", 403, "0 /replaces 0 /id"},
	    {"a contact of one's own", DAIRY,
	     "{'type':'Contact','id':'urn:c:1','party':'$dairy.id'}", 0, ""},
	    {"a contact of another", OPERATOR,
	     "{'type':'Contact','id':'urn:c:1','party':'$dairy.id'}", 403, "0 /party"},
	};
	RUN(after);
}
END_TEST

/* --- a product's owner, its delegates, its end ----------------------------------------------- */

#define PRODUCT_OF(code, more) PRODUCT "'" code "'," more "}"
#define MILK_AGAIN(more)                                                                         \
	"{'type':'Product','code':'06901234567892','name':{'zh':'鲜牛奶'},'category':'other'" \
	",'replaces':$milk.record" more "}"
#define BATCH(lot)                                                                                \
	"{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning'," AT ",'quantityList':[{" \
	"'epcClass':'" MILK "/10/" lot "'" KG "}]}"

START_TEST(test_transfer)
{
	static const struct row rows[] = {
	    {"by its owner", DAIRY, MILK_AGAIN(",'owner':'$farm.id'"), 0, ""},
	    {"to nobody", DAIRY, MILK_AGAIN(",'owner':'urn:nobody:x'"), 422, "0 /owner"},
	    {"taken", FARM, MILK_AGAIN(",'owner':'$farm.id'"), 403, "0 /code"},
	    {"taken in one's own name", FARM, MILK_AGAIN(""), 403, "0 /code"},
	    {"by a regulator of the region", REGULATOR,
	     MILK_AGAIN(",'owner':'$farm.id','reason':'verdict'"), 0, ""},
	    {"by a regulator without a reason", REGULATOR, MILK_AGAIN(",'owner':'$farm.id'"), 422,
	     "0 /reason"},
	    {"by a regulator to itself, unnamed", REGULATOR, MILK_AGAIN(",'reason':'x'"), 403,
	     "0 /owner"},
	    {"by a regulator of another region", SOUTH,
	     MILK_AGAIN(",'owner':'$farm.id','reason':'x'"), 403, "0 /code"},
	    {"by an operator", OPERATOR, MILK_AGAIN(",'owner':'$farm.id','reason':'x'"), 0, ""},
	    {"then the batch is the new owner's", DAIRY,
	     MILK_AGAIN(",'owner':'$farm.id'") "\n" BATCH("A1"), 403, "1 /quantityList/0/epcClass"},
	};
	RUN(rows);
	say(DAIRY, MILK_AGAIN(""));
	say(DAIRY, BATCH("A1"));
	say(DAIRY, MILK_AGAIN(",'owner':'$farm.id'"));
	static const struct row after[] = {
	    {"the new owner makes it", FARM, BATCH("A1"), 0, ""},
	    {"the old one doesn't", DAIRY, BATCH("A2"), 403, "0 /quantityList/0/epcClass"},
	    {"nor says what it is", DAIRY, MILK_AGAIN(""), 403, "0 /code"},
	    {"nor says it as at first", DAIRY, PRODUCT "'06901234567892'}", 403, "0 /code 0 /code"},
	    {"others of the prefix stay", DAIRY, PRODUCT "'06901234000009'}", 0, ""},
	};
	RUN(after);
}
END_TEST

START_TEST(test_delegates)
{
	static const struct row rows[] = {
	    {"one", DAIRY, MILK_AGAIN(",'delegates':[{'party':'$farm.id'}]"), 0, ""},
	    {"forms", DAIRY, MILK_AGAIN(",'delegates':[{'until':'x'},{'party':1}]"), 400,
	     "0 /delegates/0/party 0 /delegates/0/until 0 /delegates/1/party"},
	    {"of nobody", DAIRY,
	     MILK_AGAIN(",'delegates':[{'party':'$farm.id'},{'party':'urn:nobody:x'}]"), 422,
	     "0 /delegates/1/party"},
	    {"one that isn't the owner's", FARM, MILK_AGAIN(",'delegates':[{'party':'$farm.id'}]"),
	     403, "0 /code"},
	    {"none yet", FARM, BATCH("A1"), 403, "0 /quantityList/0/epcClass"},
	};
	RUN(rows);
	say(DAIRY, MILK_AGAIN(",'delegates':[{'party':'$lab.id'},"
			      "{'party':'$farm.id','until':'2020-12-31'},"
			      "{'party':'$farm.id','until':'2999-12-31'}]"));
	static const struct row during[] = {
	    {"makes it", FARM, BATCH("A1"), 0, ""},
	    {"so does the owner", DAIRY, BATCH("A1"), 0, ""},
	    {"says nothing of it", FARM, MILK_AGAIN(""), 403, "0 /code"},
	    {"a delegate is a producer", LAB, BATCH("A1"), 403, "0 /bizStep 0 /quantityList/0"},
	};
	RUN(during);
	say(DAIRY, MILK_AGAIN(",'delegates':[{'party':'$farm.id','until':'2020-12-31'}]"));
	static const struct row after[] = {
	    {"its time is over", FARM, BATCH("A1"), 403, "0 /quantityList/0/epcClass"},
	};
	RUN(after);
}
END_TEST

/* A verdict holds no longer than the delegation that it rests on. */
START_TEST(test_delegate_until)
{
	int32_t today = sy_date_of(sy_time_now(), 480);
	char day[12];
	sy_date_format(today, day);
	say(DAIRY,
	    sy_arena_printf(&w.arena,
			    "{'type':'Product','code':'06901234567892','name':{'en':'X'},"
			    "'category':'other','replaces':$milk.record,'delegates':[{'party':"
			    "'$farm.id','until':'%s'}]}",
			    day));
	uint64_t until;
	ck_assert_int_eq(sy_until_parse(sy_str(day), &until), SY_OK);
	uint32_t late = (uint32_t)(until / 1000) + 9;
	struct admit_verdict *v = check(submission(FARM, BATCH("A1"), late));
	must_hold(v, "a delegate's last day");
	ck_assert_uint_eq(v->not_after, until);
	v = check(submission(DAIRY, BATCH("A1"), late));
	ck_assert_uint_eq(v->not_after, late * UINT64_C(1000));
}
END_TEST

START_TEST(test_revocation)
{
	static const struct row rows[] = {
	    {"by its owner", DAIRY, MILK_AGAIN(",'revoked':{'reason':'made no more'}"), 0, ""},
	    {"without a reason", DAIRY, MILK_AGAIN(",'revoked':{}"), 400, "0 /revoked/reason"},
	    {"by another", FARM, MILK_AGAIN(",'revoked':{'reason':'x'}"), 403, "0 /code"},
	    {"then there is no batch", DAIRY,
	     MILK_AGAIN(",'revoked':{'reason':'x'}") "\n" BATCH("A1"), 403,
	     "1 /quantityList/0/epcClass"},
	};
	RUN(rows);
	say(DAIRY, MILK_AGAIN(",'revoked':{'reason':'made no more'}"));
	static const struct row withdrawn[] = {
	    {"no batch", DAIRY, BATCH("A1"), 403, "0 /quantityList/0/epcClass"},
	    {"other events go on", FARM,
	     "{'type':'ObjectEvent','action':'OBSERVE','bizStep':'receiving'," AT
	     ",'quantityList':[{'epcClass':'" MILK "/10/A1'" KG "}]}",
	     0, ""},
	    {"its owner brings it back", DAIRY, MILK_AGAIN(""), 0, ""},
	};
	RUN(withdrawn);
	say(REGULATOR, MILK_AGAIN(",'owner':'$dairy.id','reason':'unsafe',"
				  "'revoked':{'reason':'unsafe'}"));
	static const struct row revoked[] = {
	    {"its owner doesn't", DAIRY, MILK_AGAIN(""), 403, "0 /code"},
	    {"nor elsewhere", SOUTH, MILK_AGAIN(",'owner':'$dairy.id','reason':'x'"), 403,
	     "0 /code"},
	    {"a regulator does", REGULATOR, MILK_AGAIN(",'owner':'$dairy.id','reason':'x'"), 0, ""},
	};
	RUN(revoked);
}
END_TEST

/* --- grants ---------------------------------------------------------------------------------- */

START_TEST(test_grants)
{
	static const struct row rows[] = {
	    {"a code in another's prefix", OPERATOR,
	     NEW "'roles':[],'keys':[],'grants':['06901234000009']}", 409, "0 /grants/0"},
	    {"a code in one's own", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['6901234'],'grants':['06901234000009'"
			    ",'16901234000006'],'replaces':$dairy.record}",
	     0, ""},
	    {"a code and a prefix within a submission", OPERATOR,
	     NEW "'roles':[],'keys':[],'grants':['06971234000002']}\n"
		 "{'type':'Party','id':'urn:x:y','name':{'en':'X'},'roles':[],'keys':[],"
		 "'prefixes':['6971']}",
	     409, "1 /prefixes/0"},
	    {"a prefix and a code within a submission", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['6971']}\n"
		 "{'type':'Party','id':'urn:x:y','name':{'en':'X'},'roles':[],'keys':[],"
		 "'grants':['06971234000002']}",
	     409, "1 /grants/0"},
	    {"given up and taken", OPERATOR,
	     PARTY("pharmacy") "'roles':['producer'],'keys':[],'prefixes':['6905678'],"
			       "'replaces':$pharmacy.record}\n" NEW
			       "'roles':[],'keys':[],'grants':['8385793']}",
	     0, ""},
	    {"kept and taken", OPERATOR,
	     PARTY("pharmacy") "'roles':['producer'],'keys':[],'prefixes':['6905678'],"
			       "'grants':['8385793'],'replaces':$pharmacy.record}\n" NEW
			       "'roles':[],'keys':[],'grants':['8385793']}",
	     409, "1 /grants/0"},
	    {"granted to another, so not under the prefix", DAIRY,
	     PRODUCT "'urn:suyuan:cn:drug-product:8385793'}", 403, "0 /code"},
	};
	RUN(rows);
	enrol(OPERATOR, STRANGER,
	      NEW "'roles':['producer'],'keys':[$stranger.keys],'grants':['06971234000002']}");
	static const struct row after[] = {
	    {"a prefix over another's code", OPERATOR,
	     PARTY("farm") "'roles':[],'keys':[],'prefixes':['69712'],'replaces':$farm.record}",
	     409, "0 /prefixes/0"},
	    {"a prefix beside it", OPERATOR,
	     PARTY("farm") "'roles':[],'keys':[],'prefixes':['69713'],'replaces':$farm.record}", 0,
	     ""},
	    {"its own", STRANGER, PRODUCT "'06971234000002'}", 0, ""},
	    {"another's", DAIRY, PRODUCT "'06971234000002'}", 403, "0 /code"},
	    {"only behind that indicator", STRANGER, PRODUCT "'16971234000009'}", 403, "0 /code"},
	};
	RUN(after);
}
END_TEST

/* A stem stays with whoever has products under it: keys come and go. */
START_TEST(test_own_stem)
{
	say(FARM, PRODUCT "'urn:suyuan:own:$farm.keyid:x'}");
	/* another key in the place of the one that the stem is named by */
	char name[SY_KEY_NAME_MAX + 1];
	actors[SECOND].id = actors[FARM].id;
	sy_party_key_name(sy_str(actors[FARM].id), name);
	ck_assert_int_eq(sy_keyfile_new(&actors[SECOND].key, sy_str(name)), SY_OK);
	say(FARM, "{'type':'Party','id':'$farm.id','name':{'zh':'合作社'},'roles':['producer'],"
		  "'region':'130102','subjectCode':'130102001','keys':[$second.keys],"
		  "'replaces':$farm.record}");
	static const struct row rows[] = {
	    {"after the key was changed", SECOND, PRODUCT "'urn:suyuan:own:$farm.keyid:y'}", 0, ""},
	    {"by another", DAIRY, PRODUCT "'urn:suyuan:own:$farm.keyid:y'}", 403, "0 /code"},
	    {"by another, in a new stem of its own USCC", DAIRY,
	     PRODUCT "'urn:suyuan:own:91350100M000100Y43:y'}\n" PRODUCT
		     "'urn:suyuan:own:91350100M000100Y43:z'}",
	     0, ""},
	};
	RUN(rows);
}
END_TEST

/* --- roles ----------------------------------------------------------------------------------- */

#define OBSERVED(step, more)                                                \
	"{'type':'ObjectEvent','action':'OBSERVE','bizStep':'" step "'," AT \
	",'quantityList':[{'epcClass':'" MILK "/10/A1'" KG "}]" more "}"
#define TRANSFORMED                                                                         \
	"{'type':'Product','code':'06905678000007','name':{'en':'X'},'category':'other'}\n" \
	"{'type':'TransformationEvent'," AT ",'inputQuantityList':[{'epcClass':'" MILK      \
	"/10/A1'" KG "}],'outputQuantityList':[{'epcClass':'https://id.gs1.org/01/"         \
	"06905678000007/10/B1'" KG "}]}"

START_TEST(test_roles)
{
	static const struct row rows[] = {
	    {"a laboratory inspects", LAB, OBSERVED("inspecting", ""), 0, ""},
	    {"a laboratory samples", LAB, OBSERVED("sampling", ""), 0, ""},
	    {"a laboratory doesn't ship", LAB, OBSERVED("shipping", ""), 403, "0 /bizStep"},
	    {"nor makes anything", LAB,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'inspecting'," AT
	     ",'epcList':['https://id.gs1.org/00/006901234000000018']}",
	     403, "0 /epcList/0"},
	    {"a seller ships", PHARMACY, OBSERVED("shipping", ""), 0, ""},
	    {"a seller receives", PHARMACY, OBSERVED("receiving", ""), 0, ""},
	    {"a seller transforms into its own product", PHARMACY, TRANSFORMED, 0, ""},
	    {"a seller numbers a pallet", PHARMACY,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'epcList':['https://id.gs1.org/00/006901234000000018']}",
	     0, ""},
	    {"a seller commissions no product", PHARMACY,
	     "{'type':'Product','code':'06905678000007','name':{'en':'X'},'category':'other'}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':"
	     "'https://id.gs1.org/01/06905678000007/10/B1'" KG "}]}",
	     403, "1 /quantityList/0"},
	    {"a regulator holds", REGULATOR, OBSERVED("holding", ""), 0, ""},
	};
	RUN(rows);
	enrol(OPERATOR, STRANGER, NEW "'roles':[],'keys':[$stranger.keys]}");
	static const struct row after[] = {
	    {"no role at all", STRANGER, OBSERVED("shipping", ""), 403, "0 /type"},
	};
	RUN(after);
}
END_TEST

/* --- corrections ----------------------------------------------------------------------------- */

#define DECLARED(more) \
	",'eventID':'urn:e:1','errorDeclaration':{'declarationTime':'2020-05-02T08:00:00Z'" more "}"
#define OF_FARM ",'suyuan:author':'$farm.id'"

START_TEST(test_corrections)
{
	say(FARM, OBSERVED("shipping", ",'eventID':'urn:e:1'"));
	static const struct row rows[] = {
	    {"its own", FARM, OBSERVED("shipping", DECLARED("")), 0, ""},
	    {"its own, by name", FARM, OBSERVED("shipping", DECLARED(OF_FARM)), 0, ""},
	    {"another's, unnamed", REGULATOR,
	     OBSERVED("shipping", DECLARED(",'reason':'did_not_occur'")), 0, "*0 /eventID"},
	    {"another's, by a regulator with a reason", REGULATOR,
	     OBSERVED("shipping", DECLARED(OF_FARM ",'reason':'incorrect_data'")), 0, ""},
	    {"in words", REGULATOR,
	     OBSERVED("shipping", DECLARED(OF_FARM ",'suyuan:reason':'never left'")), 0, ""},
	    {"without a reason", REGULATOR, OBSERVED("shipping", DECLARED(OF_FARM)), 422,
	     "0 /errorDeclaration"},
	    {"by a regulator of another region", SOUTH,
	     OBSERVED("shipping", DECLARED(OF_FARM ",'reason':'did_not_occur'")), 403,
	     "0 /errorDeclaration/suyuan:author"},
	    {"by another producer", DAIRY,
	     OBSERVED("shipping", DECLARED(OF_FARM ",'reason':'did_not_occur'")), 403,
	     "0 /errorDeclaration/suyuan:author"},
	    {"of somebody who said no such thing", REGULATOR,
	     OBSERVED("shipping",
		      DECLARED(",'suyuan:author':'$dairy.id','reason':'did_not_occur'")),
	     0, "*0 /eventID"},
	    {"of an event in the same submission", FARM,
	     OBSERVED("receiving",
		      ",'eventID':'urn:e:2'") "\n"
					      "{'type':'ObjectEvent','action':'OBSERVE','bizStep':'"
					      "receiving','eventID':'urn:e:2'," AT
					      ",'quantityList':[{'epcClass':'" MILK "/10/A1'" KG
					      "}],'errorDeclaration':{"
					      "'declarationTime':'2020-05-02T08:00:00Z'}}",
	     0, ""},
	};
	RUN(rows);
	uint64_t by,
	    record =
		say(REGULATOR, OBSERVED("shipping", DECLARED(OF_FARM ",'reason':'did_not_occur'")));
	struct index_read r;
	ck_assert_int_eq(index_read_begin(w.index, &r), SY_OK);
	ck_assert_int_eq(index_withdrawn(&r, record - 1, &by), SY_OK);
	ck_assert_uint_eq(by, record);
	index_read_end(&r);
}
END_TEST

START_TEST(test_authority_over_products)
{
	static const struct row rows[] = {
	    {"a counterfeit batch", FARM, ADD("1", "A1", KG, DATES), 403,
	     "0 /quantityList/0/epcClass"},
	    {"not by an operator", OPERATOR, ADD("1", "A1", KG, DATES), 403,
	     "0 /quantityList/0 0 /quantityList/0/epcClass"},
	    {"not registered", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning'," AT
	     ",'quantityList':[{'epcClass':'https://id.gs1.org/01/06901234000009/10/A'" KG "}]}",
	     422, "0 /quantityList/0/epcClass"},
	    {"watching another's", FARM,
	     "{'type':'ObjectEvent','action':'OBSERVE','bizStep':'shipping','eventID':'urn:e:1'," AT
	     ",'quantityList':[{'epcClass':'" MILK "/10/A1'" KG "}]}",
	     0, ""},
	    {"inputs may be anybody's, outputs not", FARM,
	     "{'type':'TransformationEvent'," AT ",'inputQuantityList':[{'epcClass':'" MILK
	     "/10/A1'" KG "}],'outputQuantityList':[{'epcClass':'" MILK "/10/A2'" KG "}]}",
	     403, "0 /outputQuantityList/0/epcClass"},
	    {"in the future", DAIRY,
	     "{'type':'ObjectEvent','action':'OBSERVE','eventTime':'2920-05-01T08:00:00Z',"
	     "'eventTimeZoneOffset':'+00:00','epcList':['" MILK "/21/1']}",
	     422, "0 /eventTime"},
	};
	RUN(rows);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("admit_authority");
	add(s, "party", test_party);
	add(s, "product", test_product);
	add(s, "place", test_place);
	add(s, "authority", test_authority_over_products);
	add(s, "transfer", test_transfer);
	add(s, "delegates", test_delegates);
	add(s, "delegates", test_delegate_until);
	add(s, "revocation", test_revocation);
	add(s, "grants", test_grants);
	add(s, "stem", test_own_stem);
	add(s, "roles", test_roles);
	add(s, "corrections", test_corrections);
	return s;
}
