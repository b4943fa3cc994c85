*** Settings ***
Documentation       A plain Robot Framework Browser task on MeshCentral: one page, no look before, no read-back, no evidence.
...                 The seconds that the IDs took, without start and login, are written to ${TO}.
Library             Browser    timeout=15s    run_on_failure=None    auto_closing_level=SUITE
Library             OperatingSystem
Library             Collections


*** Tasks ***
Create All
    ${text}=    Get File    ${JOB}
    ${job}=    Evaluate    json.loads($text)    modules=json
    New Browser    chromium    headless=True    executablePath=${job}[executable]    args=${job}[arguments]
    New Context    locale=ja-JP    viewport={'width': 1280, 'height': 900}
    New Page    ${job}[url]?viewmode=4&lang=en
    Fill Text    id=username    ${job}[user]
    Fill Text    id=password    ${job}[password]
    Keyboard Key    press    Enter
    Wait For Elements State    role=button[name="New Account..."]    visible
    ${started}=    Evaluate    time.perf_counter()    modules=time
    FOR    ${order}    IN    @{job}[orders]
        Create One    ${order}
    END
    ${seconds}=    Evaluate    time.perf_counter() - $started    modules=time
    Create File    ${TO}    {"seconds": ${seconds}}


*** Keywords ***
Create One
    [Arguments]    ${order}
    Click    role=button[name="New Account..."]
    Fill Text    id=p4name    ${order}[id]
    Fill Text    id=p4email    ${order}[mail]
    Fill Text    id=p4pass1    ${order}[secret]
    Fill Text    id=p4pass2    ${order}[secret]
    Check Checkbox    id=p4resetNextLogin
    Click    role=button[name="OK"s]
    Fill Text    id=UserSearchInput    name:${order}[id]
    Press Keys    id=UserSearchInput    End
    Click    tr:has(.UserCheckbox[value$="%2F${order}[id]"]) [onclick^=gotoUser]
    Wait For Elements State    css=#p30userName:has-text("${order}[id]")    visible
    Click    css=#p30html tr:has-text("Real Name") [onclick] >> nth=0
    Fill Text    id=dp30realname    ${order}[name]
    Click    role=button[name="OK"s]
    Wait For Elements State    css=#p30html tr:has-text("${order}[name]")    visible
    Click    id=LeftMenuMyUsers
