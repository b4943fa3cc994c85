"""``forms:`` how e-application forms write their mails; a new form needs no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import Field

from bot.settings.base import Section

FieldName = Literal[
    "receipt_no", "applied_at", "employee_no", "name", "kana", "department", "mail", "dates", "date_from", "date_to",
    "place", "zones", "terminal", "approval", "kind", "urgent_reason", "refers_to", "declaration", "hours",
    "remarks",
]  # fmt: skip

_LABELS: dict[FieldName, tuple[str, ...]] = {
    "receipt_no": ("受付番号", "整理番号", "申請番号", "到達番号", "申込番号", "管理番号"),
    "applied_at": ("申請日時", "申込日時", "受付日時", "回答日時", "送信日時", "登録日時", "申請日", "申込日", "タイムスタンプ", "完了時刻"),
    "employee_no": ("職員番号", "職員コード", "職員ID", "職員No", "職員ナンバー", "社員番号"),
    "name": ("氏名", "申請者", "申請者氏名", "申込者名", "お名前", "職員氏名", "利用者氏名", "名前", "申請者名", "申込者", "申込者氏名", "利用者", "利用者名"),
    "kana": ("フリガナ", "ふりがな", "カナ", "氏名カナ"),
    "department": ("所属", "所属名", "課名", "部課名", "勤務先", "所属課", "部署"),
    "mail": ("メールアドレス", "連絡先メールアドレス", "Eメール", "E-mail", "回答者", "申請者メールアドレス", "申込者メールアドレス", "メール"),
    "dates": (
        "利用日", "実施日", "実施予定日", "利用希望日", "在宅勤務日", "テレワーク実施日", "テレワーク日", "利用期間", "期間", "実施期間", "取消日",
        "変更後の利用日",
        "利用日程", "希望日", "実施希望日", "テレワーク希望日", "テレワーク実施希望日", "テレワーク実施予定日", "テレワーク予定日", "在宅勤務実施日",
        "在宅勤務予定日", "在宅勤務希望日",
        "利用予定日", "使用日", "使用希望日", "実施日時", "利用日時", "利用年月日", "実施年月日", "利用月日", "実施日程", "VDI利用日",
        "テレワーク期間", "テレワーク実施期間",
    ),
    "date_from": ("開始日", "利用開始日", "利用期間(自)", "自", "期間(自)", "実施開始日", "テレワーク開始日", "利用期間の開始日", "開始予定日", "開始年月日"),
    "date_to": ("終了日", "利用終了日", "利用期間(至)", "至", "期間(至)", "実施終了日", "テレワーク終了日", "利用期間の終了日", "終了予定日", "終了年月日"),
    "place": ("実施場所", "勤務場所", "場所", "利用場所", "テレワーク場所"),
    "zones": ("接続先", "利用ネットワーク", "ネットワーク", "利用システム区分", "接続先ネットワーク"),
    "terminal": ("使用端末", "利用PC", "端末区分", "使用するパソコン", "利用端末", "OS", "使用OS", "端末のOS"),
    "approval": ("所属長承認", "所属長の承認", "承認者", "所属長の了承", "所属長名", "所属長", "上司承認"),
    "kind": ("申請区分", "申請種別", "手続区分", "申請の種類", "区分"),
    "urgent_reason": ("緊急の理由", "至急の理由", "緊急理由", "締切後の申請理由"),
    "refers_to": ("元の受付番号", "元の整理番号", "対象の受付番号", "取消対象の受付番号", "変更前の受付番号"),
    "declaration": ("個人情報の取扱い", "個人情報を扱わない", "個人情報取扱の有無"),
    "hours": ("利用時間", "勤務時間", "実施時間", "利用時間帯"),
    "remarks": ("備考", "備考欄", "連絡事項", "特記事項", "通信欄", "摘要", "その他"),
}  # fmt: skip
_TITLES = (
    "課長", "課長補佐", "室長", "所長", "館長", "園長", "係長", "班長", "参事", "主幹", "副主幹", "主査", "副主査", "主任", "主任主事", "主事", "主事補",
    "主任技師", "技師", "技師補", "技術主査", "専門員", "主任専門員", "保健師", "保育士",
)  # fmt: skip
_VALUES: Mapping[str, tuple[str, ...]] = {
    "同意": ("同意する", "同意します", "同意しました", "はい"),
    "同意事項": ("同意する", "同意します", "同意しました", "はい"),
    "申請者本人": ("はい", "本人"),
    "申請者区分": ("本人",),
    "職名": _TITLES,
    "役職": _TITLES,
    "職位": _TITLES,
    "任用区分": ("正規", "正規職員", "常勤職員", "再任用職員", "任期付職員", "会計年度任用職員", "会計年度任用",), "レコード番号": ("{number}",),
    "レコードID": ("{number}",), "ID": ("{number}",), "No": ("{number}",), "番号": ("{number}",),
    "#": ("{number}",), "回答番号": ("{number}",), "回答ID": ("{number}",), "フォーム番号": ("{number}",),
    "作成日時": ("{moment}",), "更新日時": ("{moment}",), "最終更新日時": ("{moment}",), "最終変更時刻": ("{moment}",),
    "到達日時": ("{moment}",), "開始時刻": ("{moment}", "{time}",), "終了時刻": ("{time}",), "開始時間": ("{time}",),
    "終了時間": ("{time}",), "電話番号": ("{phone}",), "電話": ("{phone}",), "TEL": ("{phone}",), "FAX": ("{phone}",),
    "内線": ("{phone}",), "内線番号": ("{phone}",), "連絡先": ("{phone}", "{address}",), "連絡先電話番号": ("{phone}",),
    "日中の連絡先": ("{phone}",), "携帯電話": ("{phone}",), "URL": ("{url}",), "詳細URL": ("{url}",), "管理画面": ("{url}",),
    "IPアドレス": ("{address}",), "ホスト名": ("{address}",),
}  # fmt: skip


class FormProfile(Section):
    """One form, as it was taught: how its messages are recognised, what all of their words mean, and what is believed of them."""

    name: str
    """What the ledger calls it."""
    title: str = ""
    """What people call it: the form service, or the city's own form."""
    source: str = ""
    """Where its layout was looked up and when, and what of it could not be verified."""
    senders: tuple[str, ...] = ()
    """Addresses or domains it sends from; while empty the profile takes no mail: it is a template."""
    subjects: tuple[str, ...] = ()
    """Its subjects, whole, {} standing for what changes; empty means any."""
    columns: tuple[str, ...] = ()
    """Headings that every table of it has: a file dropped into the inbox is recognised by them."""
    labels: Mapping[FieldName, tuple[str, ...]] = Field(default_factory=dict)
    """Labels and headings of each field, beside those of ``forms.labels``; one that stands here is read so, whatever stands there."""
    harmless: tuple[str, ...] = ()
    """Labels and headings whose answers say nothing of what is asked for, whatever they are."""
    free_text: tuple[str, ...] = ()
    """Labels and headings under which applicants write what they like: held for a day, a person or a change named in it."""
    values: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Labels and headings with a state, such as ステータス, and those of its values, whole, with which an application stands."""
    options: Mapping[FieldName, Mapping[str, str]] = Field(default_factory=dict)
    """Of a field with choices each option, whole, as the form writes it, and the answer that it stands for."""
    sentences: tuple[str, ...] = ()
    """Whole lines that it always writes, {} standing for what changes."""
    sheets: tuple[str, ...] = ()
    """Names of the sheets on which its applications stand; empty means any that says nothing."""
    trusted: tuple[Literal["applied_at"], ...] = ()
    """Fields that the form system fills in itself, so that no applicant can write what he likes there."""
    defaults: Mapping[FieldName, str] = Field(default_factory=dict)
    """What holds where the form does not ask."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the profile: stands in every decision about a message of this form."""
        return _digest(self.model_dump(mode="json"))


class FormsSettings(Section):
    """The forms."""

    profiles_dir: str = "forms"
    """The folder of the form profiles, one file each; a relative path starts at config.yaml."""
    labels: Mapping[FieldName, tuple[str, ...]] = Field(default_factory=lambda: dict(_LABELS))
    """Labels of each field; compared without spaces, width, brackets and trailing numbers."""
    kinds: Mapping[Literal["issue", "reissue", "cancel", "change"], tuple[str, ...]] = Field(
        default_factory=lambda: dict[Literal["issue", "reissue", "cancel", "change"], tuple[str, ...]]({
            "cancel": (
                "取消", "取消し", "取り消し", "取下", "取下げ", "取り下げ", "中止", "利用中止", "キャンセル", "撤回", "一部取消", "全部取消",
            ),
            "reissue": ("再発行", "パスワード忘れ", "ロック解除", "パスワード再設定"),
            "change": ("変更", "日程変更", "日付変更", "利用日変更", "利用日の変更", "期間変更", "場所変更", "内容変更"),
            "issue": ("新規", "新規発行", "新規利用", "新規登録", "発行", "利用", "利用開始", "実施", "継続", "継続利用"),
        })
    )  # fmt: skip
    """Options of the kind's field, whole: テレワークID before and 申請, 届 … behind are left off. One that is neither here nor in the
    form's profile is doubted. A subject that names another kind than the field is doubted too; without a field it tells the kind."""
    subject_words: tuple[str, ...] = (
        "テレワーク", "在宅勤務", "ID", "VDI", "パスワード", "ログイン", "アカウント", "電子申請", "オンライン申請", "LoGo", "LoGoフォーム", "フォーム",
        "申請", "申込", "申込み", "申し込み", "お申込み", "申請書", "申込書", "申請データ", "申請一覧", "一覧", "本日分", "本日", "データ", "CSV", "TSV",
        "Excel", "発行", "新規", "利用", "実施", "用", "届", "届出", "受付", "受領", "受信", "回答", "送信", "登録", "提出", "通知", "お知らせ", "ご連絡",
        "連絡", "お願い", "依頼", "件", "新しい", "新着", "ありました", "届きました", "受け付けました", "受付しました", "受付けました", "送信されました",
        "申請完了", "申込完了", "受付完了", "送信完了", "登録完了", "申請します", "申請いたします", "お願いします", "お願いいたします", "至急", "緊急", "重要",
        "システム", "再送", "自動送信", "転送", "返信", "Re", "Fw", "Fwd", "SPAM", "無害化済", "無害化", "様", "さん", "分", "から", "まで", "より",
        "を", "の", "が", "に", "と", "へ", "で", "について", "につき",
        "kintone", "Graffer", "FormMailer", "フォームメーラー", "Microsoft", "Google", "Forms", "ぴったりサービス", "あります", "レコード",
        "追加されました", "受け付け", "メール", "件名なし",
    )  # fmt: skip
    """Words that a subject may be made of, beside the form's own ones: anything else in it holds the application."""
    known: tuple[FormProfile, ...] = (
        FormProfile(name="e-application", senders=("apply.city.example.jp",), trusted=("applied_at",)),
    )
    """The forms, from forms.profiles_dir, tried in this order; a mail that is none of them is read too, and nothing in it is trusted."""
    dropped: FormProfile = FormProfile(name="file")
    """What tables dropped into the inbox are that have not all columns of a known form. Nothing in them is trusted: for the cutoff
    counts when they were put there. What a known form fills in itself is trusted of a file that `intake` put there."""
    urgent_words: tuple[str, ...] = (
        "濃厚接触",
        "感染疑い",
        "感染の疑い",
        "災害",
        "交通途絶",
        "学級閉鎖",
        "学年閉鎖",
        "臨時休校",
    )
    """Reasons that make a late application urgent (V07)."""
    cut_marks: tuple[str, ...] = ("※", "このメールは", "本メールは", "本メールに", "このメールに", "-- ")
    """A line that begins so is a note or footer, never an answer."""
    telling_words: tuple[str, ...] = (
        "取消", "取り消", "取下", "取り下", "中止", "キャンセル", "変更", "訂正", "修正", "直し", "追加", "除く", "除き", "以外", "不要",
        "誤り", "誤送", "誤申", "誤記", "間違", "ペンディング", "白紙", "差替", "差し替", "見送", "延期", "やめ", "出勤", "出社", "登庁", "休暇", "年休", "休みます",
        "撤回", "辞退", "無効", "破棄", "却下", "差戻", "差し戻", "返却", "不用", "必要なく", "必要がなく", "必要ありませ", "必要無", "いりませ", "要りませ",
        "結構です", "ずら", "変え", "代わりに", "ではなく", "でなく", "できな", "できませ", "出来な", "出来ませ", "行けな", "行けませ", "しませ", "ありませ",
        "見合わせ", "退職", "異動", "転出", "入院", "忌引", "欠勤", "休むこと", "二重", "重複", "テスト", "試験", "別の", "別人", "他人", "代理", "待って",
        "保留", "一旦", "いったん", "取り止", "取止", "とりやめ", "ください", "下さい", "希望しな", "実家", "帰省", "海外", "番号利用",
        "マイナンバー", "個人番号",
        "拒否", "否認", "不承認", "未承認", "不可", "停止", "削除", "抹消", "廃止", "利用終了", "返納", "再発行", "紛失", "誤って", "予備日", "もしくは",
        "または", "又は",
        "の分", "他者", "同僚", "部下", "別日", "別途", "振替", "振り替え", "代替", "順延", "繰越", "cancel", "withdraw", "ignore", "void",
        "delete", "revoke", "reject", "decline", "postpone", "mistake", "instead", "onbehalf",
    )  # fmt: skip
    """Words that, in a remark or a line that is no answer, may change the application: a person reads it first."""
    topic_words: tuple[str, ...] = (
        "資料", "教材", "教科", "授業", "園児", "児童", "生徒", "学校", "書類", "文書", "報告書", "計画書", "企画書", "仕様書", "要綱", "要領",
        "条例", "規則", "議案", "議事録", "起案", "原稿", "図面", "台帳",
        "名簿", "マニュアル", "手順書", "様式", "帳票", "伝票", "契約書", "契約", "通知文", "データ", "メール", "ホームページ", "広報", "広報紙", "チラシ",
        "システム", "統計", "予算", "決算", "補正", "要求", "査定", "当初予算", "監査", "検査", "審議会", "委員会", "協議会", "議会", "定例会", "本会議",
        "答弁", "質問", "会議", "打合せ", "打ち合わせ", "ミーティング", "Web", "オンライン", "ウェブ", "リモート", "Teams", "Zoom", "研修", "説明会",
        "講座", "セミナー", "イベント", "事業", "施策", "政策", "計画", "企画", "立案", "総合計画", "方針", "制度", "業務", "事務", "事務処理", "事務作業",
        "庶務", "経理", "会計", "給与", "入札", "補助金", "交付金", "交付", "助成", "申請", "申込", "申請書", "調査", "照会", "依頼", "回答", "アンケート",
        "分析", "集計", "整理", "整備", "入力", "点検", "精査", "確認", "作成", "作業", "処理", "策定", "準備", "検討", "調整", "編集", "校正", "執筆",
        "翻訳", "設計", "積算", "見直し", "更新", "登録", "管理", "運営", "対応", "推進", "実施", "出席", "参加", "受講", "視聴", "聴講", "対策", "連絡",
        "相談", "電話", "庁内", "課内", "係内", "部内", "関係課", "関係機関", "県", "国", "市民", "住民", "窓口", "個別", "定例", "日常", "年度末",
        "年度", "年末", "繁忙期", "月例", "集中", "集中作業", "各種", "関連", "関係", "一般", "その他", "内部", "外部", "育児", "子育て", "保育", "保育園",
        "送迎", "子", "子供", "子ども", "こども", "家族", "親", "父", "母", "妻", "夫", "同居", "介護", "看護", "看病", "通院", "通勤", "時間", "短縮",
        "負担", "軽減", "削減", "移動", "効率", "効率化", "業務効率", "生産性", "向上", "働き方", "改革", "働き方改革", "ワークライフバランス", "両立", "仕事",
        "家庭", "生活", "都合", "体調", "体調管理", "健康", "感染", "感染症", "感染拡大", "拡大", "新型", "コロナ", "コロナウイルス",
        "新型コロナウイルス", "ウイルス",
        "インフルエンザ", "濃厚接触者", "接触者", "発熱", "防止", "予防", "分散", "在宅", "在宅勤務", "テレワーク", "自宅", "妊娠", "妊娠中", "障害",
        "障がい", "けが", "怪我", "台風", "大雨", "大雪", "積雪", "地震", "災害", "警報", "交通", "交通機関", "鉄道", "電車", "運休", "計画運休", "運転見合せ",
        "急な", "急ぎ", "至急", "緊急", "なった", "なり", "ため", "為", "に伴う", "に伴い", "による", "により", "に関する", "に係る", "に向けた", "における",
        "として", "について", "の", "を", "に", "と", "は", "で", "が", "も", "へ", "や", "等", "など", "ほか", "及び", "および", "並びに", "また",
        "とも", "な", "する", "した", "たい", "件", "時", "者", "書", "案", "表", "化", "性", "的", "内線", "直通", "番号", "受付", "受付番号",
    )  # fmt: skip
    """Words of which a topic is made, where applicants write what they like: anything else there holds the application."""
    harmless: tuple[str, ...] = (
        "手続き名", "手続名", "フォーム名", "件名", "Subject", "差出人", "宛先", "From", "To", "Cc", "Date", "Sent", "変更前の利用日",
        "変更前の実施日", "生年月日", "No.", "No", "項番", "連番", "通番", "行番号",
    )  # fmt: skip
    """Labels and headings whose answers say nothing of what is asked for, in every form."""
    free_text: tuple[str, ...] = ()
    """Labels under which applicants write what they like: a day not asked for, another person's number or a change in it holds."""
    values: Mapping[str, tuple[str, ...]] = Field(default_factory=lambda: dict(_VALUES))
    """Labels and headings with a state, in every form, and those of its values, whole, with which an application stands; {number}, {time},
    {moment}, {phone}, {url} and {address} stand for whatever has that shape."""
    sentences: tuple[str, ...] = (
        "申込がありました。", "申請がありました。", "以下の申込がありました。", "以下の申請がありました。", "次のとおり申込がありました。",
        "次のとおり申請がありました。", "申込を受け付けました。", "申請を受け付けました。", "お申込みを受け付けました。", "新しい申請を受け付けました。",
        "以下の申請を受け付けました。", "以下の内容で受け付けました。", "以下の内容で申請を受け付けました。", "受付しました。",
        "申請がありました。変更はできません。",
        "以下のとおり申請します。", "下記のとおり申請します。", "次のとおり申請します。", "以下のとおり申請いたします。", "下記のとおり申請いたします。",
        "次のとおり申請いたします。", "テレワークの利用を申請します。",
        "お疲れ様です。", "お疲れさまです。", "お世話になっております。", "お世話になります。", "いつもお世話になっております。", "よろしくお願いします。",
        "よろしくお願いいたします。", "よろしくお願い致します。", "どうぞよろしくお願いいたします。", "お世話になっております。よろしくお願いします。",
        "以上、よろしくお願いします。", "以上、よろしくお願いいたします。", "ご確認をお願いします。", "ご確認をお願いいたします。", "以上", "以上です。",
        "記", "以下余白", "各位",
        "このメールは送信専用です。", "このメールは自動送信されています。", "このメールは自動配信されています。", "本メールは自動配信です。返信はできません。",
        "本メールは送信専用です。返信はできません。", "このメールに返信することはできません。", "HTML対応のメールソフトでご覧ください。",
        "添付のとおり申請します。", "添付のとおり申請いたします。", "添付のとおりです。", "添付をご確認ください。", "添付ファイルをご確認ください。",
        "申請します。", "申請いたします。",
        "承認します。", "承認しました。", "ありがとうございます。", "ありがとうございました。", "お願いします。", "お願いいたします。",
        "お忙しいところ恐れ入ります。", "HTMLメールです。",
        "このメールはHTML形式です。", "HTMLに対応したソフトでご覧ください。", "このメールは自動配信です。", "このメールは自動送信です。",
        "本メールは自動送信です。", "本メールは自動配信です。",
        "返信はできません。", "このメールに返信されてもお答えできません。", "ご返信いただいてもお答えできません。", "申請内容", "申込内容",
        "申請情報", "申込情報", "申請者情報", "申込者情報",
        "回答内容", "入力内容", "利用内容", "申請内容は以下のとおりです。", "申込内容は以下のとおりです。", "なし", "無し", "特になし", "特に無し",
        "特にありません。", "ありません。",
        "該当なし", "転送します。", "このメールは無害化処理により、HTMLからテキストに変換されました",
    )  # fmt: skip
    """Whole lines that say nothing of what is asked for, in every form; {} stands for what changes."""
    trusted_received: tuple[str, ...] = ()
    """Our own mail hosts: the earliest of their Received lines is when a mail reached us, and only Authentication-Results above
    the last of them are believed. Empty: the mailbox's receipt time, and all of them."""
    join_days: int = Field(default=31, ge=1)
    """So many days a notice with only a number, and the row of a table with the same receipt number, wait for each other."""
    trusted_authserv: tuple[str, ...] = ()
    """Hosts whose Authentication-Results are believed; when set, a mail that none of them vouches for is not authentic. While
    empty nothing is proven, and what takes back or renews waits for an operator. They must remove such headers from outside."""
    forward_marks: tuple[str, ...] = (
        "Original Message",
        "元のメッセージ",
        "転送されたメッセージ",
        "Forwarded message",
        "転送メッセージ",
    )
    """A line that holds one of these, between dashes, begins an older mail."""
    auto_reply_subjects: tuple[str, ...] = (
        "自動応答",
        "自動返信",
        "不在通知",
        "不在のお知らせ",
        "Automatic reply",
        "Out of Office",
    )
    """Subjects of answers that nobody wrote."""
    max_infer_days: int = Field(default=90, ge=1, le=366)
    """A date without a year is the next one on or after the application, if it is no further away than this."""
    max_range_days: int = Field(default=92, ge=1, le=366)
    """A longer range of dates is doubted."""
    max_rows: int = Field(default=5_000, ge=1)
    """Rows taken from the tables of one mail; with more it is unreadable."""
    max_columns: int = Field(default=200, ge=1, le=16_384)
    """Columns of one table; a wider one is unreadable."""
    max_sheets: int = Field(default=50, ge=1)
    """Sheets of one workbook, tables of one file; with more it is unreadable."""
    max_table_mb: int = Field(default=30, ge=1)
    """Size of one table, unpacked; a larger one is unreadable."""
    max_field_chars: int = Field(default=4_000, ge=100)
    """Characters of one answer; with a longer one the mail is unreadable."""
    max_header_kb: int = Field(default=256, ge=1)
    """Size of one header of a mail; with a longer one it is unreadable."""
    max_parts: int = Field(default=200, ge=1, le=2_000)
    """Parts of one mail; a mail with more is unreadable."""
    max_text_kb: int = Field(default=2_000, ge=1)
    """Text of one mail; a longer one is unreadable."""
    read_seconds: float = Field(default=30, gt=0, le=600)
    """Seconds one message may take to be read; it is tried for five at first, and for all of them after all others."""
    read_memory_mb: int = Field(default=512, ge=64)
    """Memory that reading one message may take."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the settings without the profiles: stands in every decision about a message of no known form."""
        return _digest(self.model_dump(mode="json", exclude={"known"}))


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
