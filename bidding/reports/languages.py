"""Plain headers in, the language out in which a console wrote them, where it is not English."""

from collections.abc import Sequence

LEAST_WORDS = 2
WORDS: dict[str, tuple[str, ...]] = {
    "German": (
        "datum", "tag", "kampagne", "kampagnenname", "kampagnenid", "anzeigengruppe", "anzeigengruppenname",
        "anzeigengruppenid", "schlüsselwort", "suchbegriff", "keywordoption", "übereinstimmungstyp", "ausrichtung",
        "impressionen", "impr", "klicks", "ausgaben", "kosten", "gebot", "maxcpc", "tagesbudget", "vorgang",
        "entität", "produkt", "währung", "umsatz", "bestellungen", "portfolioname", "startdatum", "enddatum",
    ),
    "French": (
        "date", "jour", "campagne", "nomdelacampagne", "identifiantdecampagne", "iddecampagne", "groupedannonces",
        "nomdugroupedannonces", "motclé", "termederecherche", "typedecorrespondance", "ciblage", "impressions",
        "clics", "dépenses", "coût", "enchère", "budgetquotidien", "opération", "entité", "produit", "devise",
        "ventes", "commandes", "nomduportefeuille", "datededébut", "datedefin",
    ),
    "Spanish": (
        "fecha", "día", "campaña", "nombredelacampaña", "iddecampaña", "iddelacampaña", "grupodeanuncios",
        "nombredelgrupodeanuncios", "palabraclave", "términodebúsqueda", "tipodeconcordancia", "tipodecoincidencia",
        "segmentación", "impresiones", "clics", "gasto", "coste", "costo", "puja", "presupuestodiario", "operación",
        "entidad", "producto", "moneda", "ventas", "pedidos", "nombredelacartera", "estado",
    ),
    "Italian": (
        "data", "giorno", "campagna", "nomecampagna", "nomedellacampagna", "gruppodiannunci", "parolachiave",
        "terminediricerca", "tipodicorrispondenza", "impressioni", "clic", "spesa", "costo", "offerta",
        "budgetgiornaliero", "operazione", "entità", "prodotto", "valuta", "vendite", "ordini",
    ),
    "Japanese": (
        "日付", "開始日", "終了日", "キャンペーン",
        "キャンペーン名", "キャンペーンid", "広告グループ", "広告グループ名",
        "キーワード", "検索語句", "検索キーワード", "カスタマーの検索キーワード",
        "マッチタイプ", "ターゲティング", "インプレッション", "インプレッション数",
        "表示回数", "クリック", "クリック数", "広告費",
        "費用", "入札額", "入札単価", "1日の予算",
        "操作", "エンティティ", "通貨", "売上",
        "注文", "ポートフォリオ名",
    ),
}  # fmt: skip
"""Words as consoles write them, in the form in which headers are compared."""
SHARED = frozenset({"date", "impressions", "impr", "maxcpc", "data"})
"""Words that are English too, or that say too little."""


def language_of(names: Sequence[str]) -> str | None:
    """The language of most of the headers, if two or more of its own words are among them."""
    here = set(names) - SHARED
    counts = {language: len(here & set(words)) for language, words in WORDS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= LEAST_WORDS else None
