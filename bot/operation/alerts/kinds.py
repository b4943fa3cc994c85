"""Every condition the bot knows: how bad it is, what it stops, and what operators are told in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.ledger.conditions import Part
from bot.operation.alerts.catalogue import Area, Kind, Level, Trouble, Until, Words


def _words(happened: str, did: str, todo: str) -> Words:
    return Words(happened=happened, did=did, todo=todo)


_RESTART_JA = "serve を再起動し（env:、systemd の資格情報、Docker の secret は起動時の値のままです）、"
_RESTART_EN = (
    "restart `serve` (by env:, systemd credentials and Docker secrets it has what was there at its start), then"
)
_LATER_JA = "{retry}分ごとに1回だけ確認します。申請の受付は続けています。"
_LATER_EN = "Stopped its work in the console; it looks again every {retry} minutes, once. Intake goes on."

KINDS: Mapping[Trouble, Kind] = MappingProxyType({
    Trouble.DRIFT: Kind(
        level=Level.CRITICAL, part=Part.CONSOLE, area=Area.CONSOLE, stops=(Part.CONSOLE,), until=Until.RETRIED,
        ja=_words("管理コンソールの画面が変わっています。", f"管理コンソールでの作業を止めました。{_LATER_JA}",
                  "証跡の画面を開き、変わった名称を flows/ に反映してから resume してください。急ぐ案件は worklist で一覧を出し、手で発行してください。"),
        en=_words("A screen of the admin console has changed.", _LATER_EN,
                  "Open the evidence, put the new name into flows/, then resume. Issue by hand what can't wait."),
    ),
    Trouble.CONSOLE_DENIED: Kind(
        level=Level.CRITICAL, part=Part.CONSOLE, area=Area.CONSOLE, stops=(Part.CONSOLE,), until=Until.RESUMED, by_people=True,
        ja=_words("管理コンソールがボットのログインを拒否しました。", "1回だけ試し、ロックを避けるため、管理コンソールでの作業を止めました。申請の受付は続けています。",
                  "console.password の値とボットの権限を確認し、直してから"
                  f"{_RESTART_JA} resume --part console を実行してください。"),
        en=_words("The admin console refused the bot's login.", "Tried it once and stopped its work in the console, so that the account is not locked. Intake goes on.",
                  "Mend what console.password leads to, or the rights of the bot's account; "
                  f"{_RESTART_EN} `resume --part console`."),
    ),
    Trouble.MAILBOX_DENIED: Kind(
        level=Level.CRITICAL, part=Part.INTAKE, area=Area.MAILBOX, stops=(Part.INTAKE, Part.DELIVERY), until=Until.RESUMED, by_people=True,
        ja=_words("メールサーバがボットのログインを拒否しました。", "1回だけ試し、ロックを避けるため、受付と送信を止めました。期限の来たIDの無効化は続けています。",
                  "メールボックスのパスワードと権限を確認し、直してから"
                  f"{_RESTART_JA} resume を実行してください。"),
        en=_words("The mail server refused the bot's login.",
                  "Tried it once and stopped taking in and sending mails, so that the account is not locked. IDs that are due are still disabled.",
                  "Mend password and rights of the mailbox; "
                  f"{_RESTART_EN} `resume`."),
    ),
    Trouble.FAILURES: Kind(
        level=Level.CRITICAL, part=Part.CONSOLE, area=Area.CONSOLE, stops=(Part.CONSOLE,), until=Until.RETRIED,
        ja=_words("管理コンソールで失敗が続きました。", f"管理コンソールでの作業を止めました。{_LATER_JA}",
                  "show ID で失敗した案件の記録を見て、管理コンソールの状態を確認してください。"),
        en=_words("The work in the admin console failed several times in a row.", _LATER_EN, "Look at a failed request with `show ID`, and at the console itself."),
    ),
    Trouble.TOO_MANY: Kind(
        level=Level.WARNING, part=Part.CONSOLE, area=Area.CONSOLE, stops=(Part.CONSOLE,), until=Until.RETRIED,
        ja=_words("1回で発行する件数の上限を超えました。", "上限まで発行し、残りは{retry}分後に続けます。",
                  "本当に申請が多いのか確認してください。おかしいときは pause --part console で止めてください。"),
        en=_words("There is more to issue than one pass may.", "Issued as many as it may; the rest follows in {retry} minutes.",
                  "Make sure that so many did apply. If something is wrong, `pause --part console`."),
    ),
    Trouble.CLOCK: Kind(
        level=Level.CRITICAL, part=Part.CONSOLE, area=Area.CLOCK, stops=(Part.CONSOLE,), until=Until.RETRIED,
        ja=_words("この機械の時計が、管理コンソールまたはメールサーバの時計と合っていません。",
                  "申請を審査せずに残し、管理コンソールでの作業（発行、無効化）を止めました。時計が合えば自動的に続けます。メールの受付は続けています。",
                  "どちらの時計も時刻同期（NTP）を確認してください。締切と利用期間は時計で決まります。"),
        en=_words("The clock of this machine and that of the admin console or the mail server differ.",
                  "Decided nothing, issued nothing, disabled nothing. Mails are still taken in. It goes on by itself when the clocks agree.",
                  "Check the time service (NTP) of all of them: deadlines and windows depend on the clock."),
    ),
    Trouble.CONSOLE: Kind(
        level=Level.CRITICAL, part=Part.CONSOLE, area=Area.CONSOLE,
        ja=_words("管理コンソールを使えません。", "発行待ちの案件を残し、次の実行でまた試します。申請の受付は続けています。",
                  "管理コンソールとネットワークを確認し、check を実行してください。急ぐ案件は手で発行してください。"),
        en=_words("The admin console can't be used.", "Left what is to be issued for the next pass, which tries again. Intake goes on.",
                  "Look at the console and the network, then run `check`. What can't wait is issued by hand: `worklist` lists it."),
    ),
    Trouble.MAILBOX: Kind(
        level=Level.CRITICAL, part=Part.INTAKE, area=Area.MAILBOX,
        ja=_words("メールボックスを読めません。", "受付を次の実行に回しました。受信日時はサーバが記録するので、締切には影響しません。",
                  "メールサーバとネットワークを確認し、check を実行してください。"),
        en=_words("The mailbox can't be read.", "Left taking in to the next pass. The server stamps when a mail came: no deadline is missed by it.",
                  "Look at the mail server and the network, then run `check`."),
    ),
    Trouble.OUTGOING: Kind(
        level=Level.CRITICAL, part=Part.DELIVERY, area=Area.OUTGOING,
        ja=_words("メールを送信できません。", "送れなかった通知を残し、次の実行でまた試します。",
                  "送信サーバとネットワークを確認し、check を実行してください。"),
        en=_words("Mails can't be sent.", "Kept what could not be sent for the next pass, which tries again.",
                  "Look at the outgoing mail server and the network, then run `check`."),
    ),
    Trouble.REFUSED: Kind(
        level=Level.CRITICAL, part=Part.DELIVERY, area=Area.OUTGOING, stops=(Part.DELIVERY,), until=Until.RETRIED,
        ja=_words("メールサーバがボットからのメールを断っています。",
                  "送信と新しい発行を止めました。{retry}分ごとに1回だけ試します。受付と期限の来たIDの無効化は続けています。",
                  "mailbox.address と、その差出人で送る権限をメールサーバで確認してください。"
                  "送れなかった通知は notices list で一覧し、直してから notices retry --failed で送り直します。"),
        en=_words("The mail server refuses what the bot sends.",
                  "Stopped sending and issuing; it tries again every {retry} minutes, once. Intake goes on, and IDs that are due are disabled.",
                  "Check mailbox.address, and the right to send as it, on the mail server. `notices list` shows what was not sent; "
                  "once it is mended, `notices retry --failed` sends it."),
    ),
    Trouble.ADDRESS: Kind(
        level=Level.WARNING, part=Part.DELIVERY, area=Area.RECIPIENTS, personal=True,
        ja=_words("担当者あてメールの宛先の一部が断られました。", "受け付けられた宛先には送りました。",
                  "表示されたアドレスを確認し、alerts.mail_to から外すか、メールサーバで直してください。"),
        en=_words("Of a mail to operators one address was refused.", "Sent it to those who were accepted.",
                  "Check the address named: take it out of alerts.mail_to, or mend it on the mail server."),
    ),
    Trouble.STOOD_STILL: Kind(
        level=Level.WARNING, part=Part.ALL, lasts=False, tells_end=False,
        ja=_words("ボットの機械が一時的に止まっていました（休止、仮想マシンの停止など）。",
                  "その間の時間切れは画面変更とみなさず、見直しました。できなかった分は次の実行が続けます。",
                  "心当たりがなければ、省電力の設定、仮想マシンの基盤、バックアップの時刻を確認してください。"),
        en=_words("The bot's machine stood still for a while: sleep, a paused virtual machine, an overloaded host.",
                  "Took no time-out of that while for a changed screen and looked again; the next pass does what was left.",
                  "If nobody meant it to, look at power saving, the host of the virtual machine, and when it is backed up."),
    ),
    Trouble.LEDGER: Kind(
        level=Level.CRITICAL, part=Part.ALL,
        ja=_words("台帳を使えません。", "記録できないことは行わないため、すべての作業を止めました。",
                  "ディスクの空きと権限を確認してください。直らないときはバックアップから戻します（docs/guides/backup.md）。"),
        en=_words("The ledger can't be used.", "Stopped all work: nothing is done that can't be recorded.",
                  "Check the disk's space and rights; if that does not help, restore a backup (docs/guides/backup.md)."),
    ),
    Trouble.CHAIN: Kind(
        level=Level.CRITICAL, part=Part.ALL, area=Area.CHAIN,
        ja=_words("台帳の記録に矛盾があります。", "矛盾のある案件の処理を止めました。",
                  "audit verify を実行し、監査担当に連絡してください。"),
        en=_words("The ledger contradicts itself.", "Stopped working on what contradicts.", "Run `audit verify` and call the auditors."),
    ),
    Trouble.NOT_BEGUN: Kind(
        level=Level.CRITICAL, part=Part.ALL, personal=True,
        ja=_words("実行できません（設定、職員名簿、パスワードの参照先、ブラウザなど）。", "行えなかった作業は次の実行で行います。メールは受信箱に残っています。",
                  "表示された箇所を直し、check を実行してください。"),
        en=_words("A pass can't be made: settings, staff directory, a secret or the browser.", "Left the work to the next pass; the mails stay in the inbox.",
                  "Mend what is named and run `check`."),
    ),
    Trouble.CUT_OFF: Kind(
        level=Level.CRITICAL, part=Part.ALL,
        ja=_words("実行が進まなくなりました。", "その実行を打ち切りました。次の実行が、どこまで進んだかを確認して続けます。",
                  "check を実行し、応答しないもの（管理コンソール、メールサーバ、ネットワーク）を確認してください。"),
        en=_words("A pass got no further.", "Cut it off; the next pass looks how far it came and goes on.",
                  "Run `check` and look at what does not answer: the console, the mail server, the network."),
    ),
    Trouble.DIRECTORY: Kind(
        level=Level.WARNING, part=Part.INTAKE, personal=True,
        ja=_words("職員名簿に注意が必要です。", "今の名簿のまま続けています。", "名簿を出力し直すか、重複したアドレスを直してください。"),
        en=_words("The staff directory needs attention.", "Goes on with the directory as it is.",
                  "Export it again, or mend the addresses named."),
    ),
    Trouble.DISK: Kind(
        level=Level.CRITICAL, part=Part.ALL,
        ja=_words("ディスクの空きがわずかです。", "作業は続けています。",
                  "古いファイルを片付けるか ledger purge を実行してください。書き込めないフォルダが示されているときは、その権限を直してください。"),
        en=_words("The disk is nearly full.", "Goes on for now.", "Make room, or run `ledger purge`; where a folder is named that can't be written, mend its rights."),
    ),
    Trouble.UNEXPECTED: Kind(
        level=Level.WARNING, part=Part.ALL,
        ja=_words("想定していないエラーが起きました。", "その1件を残し、ほかは続けました。", "ログファイルの該当箇所を添えて、保守担当に連絡してください。"),
        en=_words("An error happened that nobody foresaw.", "Left that one thing and went on with the others.",
                  "Send the lines of the log file to whoever maintains the bot."),
    ),
    Trouble.URGENT: Kind(
        level=Level.CRITICAL, part=Part.INTAKE, tells_end=False, own_mail=True,
        ja=_words("緊急の申請が担当者の判断を待っています。", "保留にしました。IDは発行していません。", "approve または reject してください。"),
        en=_words("An urgent application waits for an operator.", "Holds it; no ID has been issued.", "`approve` or `reject` it."),
    ),
    Trouble.STUCK: Kind(
        level=Level.WARNING, part=Part.ALL, tells_end=False,
        ja=_words("自動では進められない案件があります。", "その案件を止め、ほかは続けています。",
                  "show ID で理由を確認し、直して rerun するか、手で処理して dismiss してください。"),
        en=_words("There are requests that can't go on by themselves.", "Stopped these and went on with the others.",
                  "See why with `show ID`; mend it and `rerun`, or handle it by hand and `dismiss`."),
    ),
    Trouble.BOUNCED: Kind(
        level=Level.WARNING, part=Part.DELIVERY, lasts=False, tells_end=False,
        ja=_words("IDの通知メールが宛先不明で戻りました。", "そのアカウントを無効にし、案件を止めました。",
                  "職員名簿のアドレスを直し、rerun してください。"),
        en=_words("A mail with credentials came back as undeliverable.", "Disabled the account and stopped the request.",
                  "Mend the address in the staff directory, then `rerun`."),
    ),
    Trouble.BOUNCES_HELD: Kind(
        level=Level.WARNING, part=Part.DELIVERY, tells_end=False,
        ja=_words("IDの通知メールが戻ったという報告が多すぎるか、本物と確かめられません。", "アカウントは無効にしていません。",
                  "届いたかどうかを申請者に確かめ、届いていない案件は revoke ID、誤った報告は dismiss M-… を実行してください。"
                  "すべて本当に戻ったときは run --set delivery.max_bounces=件数 で無効にできます。"),
        en=_words("Too many mails with credentials are said to have come back, or nothing proves it.", "Disabled no account for it.",
                  "Ask whether they arrived: `revoke ID` what did not, `dismiss M-…` a report that is wrong. "
                  "Where all of them have really come back, `run --set delivery.max_bounces=N` disables them."),
    ),
    Trouble.BOUNCE_DOUBTED: Kind(
        level=Level.WARNING, part=Part.DELIVERY, lasts=False, tells_end=False,
        ja=_words("送ったメールが戻ったという報告がありましたが、本物と確かめられません（偽造の疑い）。", "アカウントはそのままにし、報告を unreadable に保管しました。",
                  "報告を開き、元の案件を show ID で確認してください。本当に届いていなければ revoke ID、そうでなければ dismiss M-… を実行してください。"),
        en=_words("A report says that a mail of ours came back, and nothing proves it: it may be forged.",
                  "Left the account as it is, and keeps the report in unreadable.",
                  "Open it and look at the request with `show ID`: `revoke ID` if its mail did not arrive, else `dismiss M-…`."),
    ),
    Trouble.BOUNCE_UNMATCHED: Kind(
        level=Level.INFO, part=Part.DELIVERY, lasts=False, tells_end=False,
        ja=_words("不達の報告がありましたが、どの通知のものか分かりません。", "何も変更せず、unreadable に保管しました。",
                  "宛先に心当たりがあれば、申請者に通知が届いたか確かめ、dismiss M-… で閉じてください。"),
        en=_words("A report says that some mail could not be delivered, and names none of ours.", "Changed nothing, and keeps it in unreadable.",
                  "Where the address in it is an applicant's, ask whether the notice arrived; close it with `dismiss M-…`."),
    ),
    Trouble.NOTICES_KEPT: Kind(
        level=Level.WARNING, part=Part.DELIVERY, lasts=False, tells_end=False,
        ja=_words("同じ宛先への却下・保留の通知が1日の上限を超えました。", "上限を超えた分は送っていません。案件の記録は残っています。",
                  "requests で案件を確認し、いたずらでなければ申請者に連絡してください（delivery.max_notices_per_day）。"),
        en=_words("One address was to get more refusals than a day may bring.", "Mailed none beyond that; the requests stand on record.",
                  "Look at them with `requests`; unless it is mischief, tell the applicant (delivery.max_notices_per_day)."),
    ),
    Trouble.UNTOLD: Kind(
        level=Level.WARNING, part=Part.DELIVERY, tells_end=False, personal=True,
        ja=_words("結果を申請者に知らせることができていません。", "案件の状態はそのままです。自動では送り直しません。",
                  "notices list で確認し、原因を直して notices retry で送り直すか、ほかの方法で知らせて notices close で閉じてください。"),
        en=_words("An applicant could not be told of the result.", "Left the request in its state; it is not sent again by itself.",
                  "Look with `notices list`; mend the cause and `notices retry`, or tell them otherwise and `notices close`."),
    ),
    Trouble.UNREADABLE: Kind(
        level=Level.WARNING, part=Part.INTAKE, lasts=False, tells_end=False,
        ja=_words("申請として読み取れないメールがありました。", "unreadable に保管しました。", "メールを開き、手で処理するか再申請を依頼してください。"),
        en=_words("There were mails that could not be read as applications.", "Keeps them in unreadable.",
                  "Open them; handle them by hand or ask for a new application."),
    ),
    Trouble.UNFETCHED: Kind(
        level=Level.WARNING, part=Part.INTAKE, area=Area.MAILS, when_again=True, personal=True,
        ja=_words("受信箱にあるのに、メールサーバから取り出せないメールがあります。", "そのメールを受信箱に残し、ほかの受付を続けています。毎回取り出しを試みます。",
                  "メールソフトで受信箱のそのメールを開き、申請なら締切までに手で処理し、受信箱から unreadable に移してください。"
                  "開けないときは、メールサーバの管理者に修復を依頼してください。"),
        en=_words("There are mails in the inbox that the mail server does not give.", "Left them in the inbox and went on with the others; each pass asks again.",
                  "Open them in a mail program; handle an application by hand before its deadline, and move it from the inbox to unreadable. "
                  "If it can't be opened there either, have the mail server's administrator repair it."),
    ),
    Trouble.UNFILED: Kind(
        level=Level.WARNING, part=Part.INTAKE, area=Area.FILING, when_again=True, personal=True,
        ja=_words("記録済みのメールを受信箱から移せません。", "内容は台帳に記録済みで、処理は続けています。移動だけを毎回試みます。",
                  "メールボックスの容量と、processed・rejected・unreadable・ignored フォルダの権限を確認してください。手で移しても構いません。"),
        en=_words("Mails that are on record can't be moved out of the inbox.", "What they say is on record and goes on; only the move is tried again by each pass.",
                  "Look at the mailbox's room and at the rights on the folders processed, rejected, unreadable and ignored; or move the mails by hand."),
    ),
    Trouble.PASSED_OVER: Kind(
        level=Level.WARNING, part=Part.INTAKE, area=Area.MAILBOX, by_people=True, personal=True,
        ja=_words("受信フォルダに、読み取られないファイルがあります。", "名前が . で始まるものや書きかけのものは、ほかのプログラムのものとみなし、そのままにしました。",
                  "申請であれば名前を変え（先頭の . や末尾の .tmp を取る）、そうでなければ受信フォルダから片付けてください。"),
        en=_words("There are files in the inbox that are not read.", "Left them: what begins with a dot or is half-written belongs to another program.",
                  "If it is an application, rename it (no dot at the beginning, no .tmp at the end); else take it out of the inbox."),
    ),
    Trouble.HELD: Kind(
        level=Level.INFO, part=Part.INTAKE, tells_end=False,
        ja=_words("担当者の判断を待っている申請があります。", "保留にし、申請者には確認中と知らせました。", "show ID で確認し、approve または reject してください。"),
        en=_words("Applications wait for an operator's decision.", "Holds them; the applicants know that a person checks.",
                  "Look with `show ID`, then `approve` or `reject`."),
    ),
    Trouble.PAUSED: Kind(
        level=Level.WARNING, part=Part.ALL, by_people=True, personal=True,
        ja=_words("担当者が作業を一時停止しています。", "指定された部分を止めています。",
                  "再開してよいときは resume を、渡した一覧（worklist）は worklist import を実行してください。"),
        en=_words("An operator has paused work.", "The parts named stand still.", "When they may go on, `resume`; where a worklist is out, `worklist import`."),
    ),
    Trouble.SWITCH: Kind(
        level=Level.CRITICAL, part=Part.ALL, by_people=True,
        ja=_words("緊急停止ファイルが置かれています。", "発行、無効化、振り分け、申請者への送信をすべて止めました。",
                  "再開してよいときは、そのファイルを削除してください。"),
        en=_words("The kill switch file is there.", "Stopped all issuing, revoking, filing and mailing to applicants.",
                  "When work may go on, remove that file."),
    ),
    Trouble.AT_RISK: Kind(
        level=Level.CRITICAL, part=Part.ALL, lasts=False, tells_end=False,
        ja=_words("締切か業務終了が近いのに、終わっていないものがあります。", "作業は続けています。", "show ID で確認し、判断するか、手で発行してください。"),
        en=_words("A deadline is near, and not everything is done.", "Goes on working.", "Look with `show ID`; decide, or issue by hand."),
    ),
    Trouble.SURGE: Kind(
        level=Level.INFO, part=Part.CONSOLE, area=Area.QUEUE,
        ja=_words("発行待ちの申請が多くなっています。", "順に発行しています。", "終了見込みが遅すぎるときは、急ぐ案件を手で発行してください。"),
        en=_words("Many requests wait to be issued.", "Issues one after the other.", "If the forecast is too late, issue by hand what can't wait."),
    ),
    Trouble.DIFFERENCES: Kind(
        level=Level.WARNING, part=Part.CONSOLE, lasts=False, tells_end=False, personal=True,
        ja=_words("台帳、管理コンソール、職員名簿に差異があります。", "何も変更していません。", "reconcile で確認してください。"),
        en=_words("Ledger, console and staff directory disagree.", "Changed nothing.", "Look with `reconcile`; `--fix` disables what must not work."),
    ),
    Trouble.JOB: Kind(
        level=Level.WARNING, part=Part.ALL, lasts=False, tells_end=False, personal=True,
        ja=_words("予定された作業が失敗しました。", "ほかの予定は続けています。", "表示された原因を直し、check を実行してください。"),
        en=_words("A scheduled job failed.", "Goes on with what else is scheduled.", "Mend the cause named and run `check`."),
    ),
    Trouble.TEST: Kind(
        level=Level.INFO, part=Part.ALL, lasts=False, tells_end=False,
        ja=_words("これは試験です。何も起きていません。", "check --send-test で試しに送りました。", "何もする必要はありません。"),
        en=_words("This is a test; nothing happened.", "Sent it for `check --send-test`.", "There is nothing to do."),
    ),
})  # fmt: skip
