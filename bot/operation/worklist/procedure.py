"""The procedure (手順書) that goes with every list; docs/guides/manual-fallback.md explains it to operators."""

from __future__ import annotations

#: Each step in Japanese and in English, in the order of work.
STEPS: tuple[tuple[str, str], ...] = (
    (
        "この一覧がある間、ボットは管理コンソールでの作業（発行・無効化）を止めています。`resume` で再開せず、一覧を取り込んでください。",
        "While this list is out the bot does nothing in the console. Do not `resume` it: import the list.",
    ),
    (
        "作業一覧を上から順に行います（至急、利用日の近い順）。「結果」の列より左は書き換えません。",
        "Work from the top (urgent first, then the nearest day). Change nothing to the left of the column 結果.",
    ),
    (
        "必ず先に、管理コンソールでログインIDを検索します。あるのにメールアドレスが名簿と違うときは触らず、「発行できず」と記入します。",
        "Always search the console for the login ID first. If it is there with another mail address, leave it alone: 発行できず.",
    ),
    (
        "「新規作成」：なければ一覧のとおりに作成します（ログインID、氏名、所属、メール、プール、ゾーン、有効期間、初回変更を必須）。あれば作らず、再設定だけ行います。",
        "create: if it is not there, make it exactly as listed (must change at first login). If it is there, only reset it.",
    ),
    (
        "「パスワード再設定・有効化」：新しいパスワードを設定し、有効にし、有効期間を一覧のとおりにします。",
        "reset: set a new password, enable the account, set its validity as listed.",
    ),
    (
        "「無効化」：アカウントを無効にします。削除はしません。",
        "disable: disable the account; do not delete it.",
    ),
    (
        "画面が固まるなど結果が分からないときは、もう一度押さずに検索して確かめます。分からなければ「発行できず」とし、備考に書きます。",
        "If the outcome is not clear, do not click again: search. If it stays unclear: 発行できず, with a note.",
    ),
    (
        "「発行済(手渡し)」：本人確認のうえ、パスワードを本人に直接渡したとき。渡した相手も記入します。メールでは送りません。",
        "発行済(手渡し): you gave the password to the applicant in person after checking who it is. Say to whom. Never by mail.",
    ),
    (
        "「発行済(通知はボット)」：作成だけ行い、仮のパスワードは誰にも渡しません。取込後にボットが新しいパスワードを設定し、本人にメールします。",
        "発行済(通知はボット): you made it and gave its password to nobody. After the import the bot sets a new one and mails it.",
    ),
    (
        "1件ごとに、結果・実施者・実施日時（例 2026-11-24 14:05）を記入します。パスワードはどこにも書きません。",
        "For each item fill in result, done by and done at (such as 2026-11-24 14:05). Write no password anywhere.",
    ),
    (
        "`run_bot.py worklist import ファイル --by 氏名 --reason 理由` で取り込みます。誤りは行番号つきで一度に表示され、直すまで何も書き込まれません。",
        "`run_bot.py worklist import FILE --by WHO --reason TEXT`. Mistakes are told with their rows, all at once; nothing is written before they are mended.",
    ),
    (
        "すべての行の結果を取り込むと、ボットの停止は自動的に解けます。残りをボットに任せる行は「発行できず」とします。",
        "When every row has a result the bot goes on by itself. A row that the bot shall do is 発行できず.",
    ),
)  # fmt: skip
