from pathlib import Path
from conftest import *
from test_page_phone import enrolled
OUT = Path("/tmp/s3shots"); OUT.mkdir(exist_ok=True)
async def both(phone, name, views=1):
    for dark in (False, True):
        await phone.size(844, dark=dark)
        await phone.js("new Promise(d => setTimeout(d, 200))")
        for n in range(views):
            await phone.js(f"scrollTo(0, {n * 780})")
            await phone.js("new Promise(d => setTimeout(d, 100))")
            await phone.picture(OUT / f"{name}-{'dark' if dark else 'light'}-{n}.png", whole=False)
    await phone.js("scrollTo(0, 0)")
async def test_shots(served, phone):
    await served.park(mode="drill")
    served.house.sandbox = True
    await phone.with_authenticator()
    await enrolled(served, phone)
    await both(phone, "0-enrolled")
    await phone.go(await served.link()); await both(phone, "1-link")
    await phone.click("form button"); await phone.until("document.querySelector('form.answer button.yes')")
    await phone.js("document.querySelector('.ask summary').click()")
    await both(phone, "2-run", 4)
    await phone.click("form.answer button.yes"); await phone.until("document.body.innerText.includes('the wall is open')")
    await both(phone, "3-said", 2)
