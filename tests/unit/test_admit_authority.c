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
	return s;
}
